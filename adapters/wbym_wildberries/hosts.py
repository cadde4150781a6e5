"""Where Wildberries' services are."""

from typing import Final

__all__ = ["HOSTS", "SANDBOX_HOSTS"]

HOSTS: Final = {
    "common": "https://common-api.wildberries.ru",
    "users": "https://user-management-api.wildberries.ru",
    "content": "https://content-api.wildberries.ru",
    "prices": "https://discounts-prices-api.wildberries.ru",
    "marketplace": "https://marketplace-api.wildberries.ru",
    "feedbacks": "https://feedbacks-api.wildberries.ru",
    "chat": "https://buyer-chat-api.wildberries.ru",
    "returns": "https://returns-api.wildberries.ru",
    # Of these the adapter has ``/ping`` alone.
    "analytics": "https://seller-analytics-api.wildberries.ru",
    "statistics": "https://statistics-api.wildberries.ru",
    "promotion": "https://advert-api.wildberries.ru",
    "supplies": "https://supplies-api.wildberries.ru",
    "documents": "https://documents-api.wildberries.ru",
    "finance": "https://finance-api.wildberries.ru",
}
"""By name, as endpoints name them."""

SANDBOX_HOSTS: Final = {
    "content": "https://content-api-sandbox.wildberries.ru",
    "prices": "https://discounts-prices-api-sandbox.wildberries.ru",
    "marketplace": "https://marketplace-api-sandbox.wildberries.ru",
    "feedbacks": "https://feedbacks-api-sandbox.wildberries.ru",
    "statistics": "https://statistics-api-sandbox.wildberries.ru",
    "promotion": "https://advert-api-sandbox.wildberries.ru",
}
"""There is none for the others, chats and returns among them."""
