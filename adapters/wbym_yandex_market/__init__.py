"""Yandex Market for wbym. The package is reserved; its adapter is not built yet."""
