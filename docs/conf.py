"""Sphinx's settings of the documentation, in English and, with ``-D language=ru``, in Russian."""

import builtins
import sys
from importlib import import_module
from types import ModuleType

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains.python import ObjectEntry, PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

import wbym
from tests.support.public import ADAPTERS, CORE

project = "wbym"
author = "the wbym authors"
release = version = wbym.__version__
language = "en"
default_role = "code"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "_tools", "locale"]
_ENGLISH_ONLY = {
    "adding-a-marketplace",
    "benchmarks",
    "contributing",
    "when-the-marketplaces-change",
}
"""Pages of the Russian site that are in English, besides the decisions."""
suppress_warnings = ["ref.python"]  # several records have a field of one name
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
gettext_location = False
figure_language_filename = "{path}{basename}.{language}{ext}"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "undoc-members": True,
}
autodoc_preserve_defaults = True
toc_object_entries = False
napoleon_numpy_docstring = False

smartquotes = False  # in docstrings they would turn around what is code
html_theme = "furo"
html_title = f"wbym {release}"
html_static_path = ["_static"]
html_css_files = ["wbym.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "language.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True


class _Domain(PythonDomain):
    """Does not search all names for ``str`` and ``int``, which takes most of a build."""

    def find_obj(
        self,
        env: BuildEnvironment,
        modname: str,
        classname: str,
        name: str,
        typ: str | None,
        searchmode: int = 0,
    ) -> list[tuple[str, ObjectEntry]]:
        """Find nothing under the name of a builtin."""
        if hasattr(builtins, name):
            return []
        return super().find_obj(env, modname, classname, name, typ, searchmode)


def setup(app: Sphinx) -> None:
    """Document each name once, in the package that exports it."""
    app.add_domain(_Domain, override=True)
    app.connect("autodoc-skip-member", _skip_foreign)
    app.connect("builder-inited", _describe_constants)
    app.connect("config-inited", _name_other_language)
    app.connect("html-page-context", _say_that_it_is_english)


def _skip_foreign(
    app: Sphinx, kind: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Skip what another package of ours exports, such as the records in ``wbym.account``."""
    home = getattr(thing, "__module__", None)
    here = app.env.current_document.autodoc_module
    if kind != "module" or isinstance(thing, ModuleType) or not isinstance(home, str):
        return None
    return True if home != here and home.startswith("wbym") and "._" not in home else None


def _describe_constants(app: Sphinx) -> None:
    """Take the docstrings of constants and type aliases from the modules that define them.

    Autodoc documents such a name only if the source of the package itself has a docstring for it.
    """
    for package in {*CORE, *ADAPTERS}:
        exporting = import_module(package)
        names = exporting.__all__
        for name in names:
            getattr(exporting, name)  # imports the modules of lazy ones
        shown = ModuleAnalyzer.for_module(package)
        shown.analyze()
        for module in [module for module in sys.modules if module.startswith(f"{package}._")]:
            home = ModuleAnalyzer.for_module(module)
            home.analyze()
            for (scope, name), text in home.attr_docs.items():
                if not scope and name in names:
                    shown.attr_docs.setdefault((scope, name), text)


def _name_other_language(app: Sphinx, config: Config) -> None:
    other = "en" if config.language == "ru" else "ru"
    names = {"en": "English", "ru": "Русский"}
    config.html_context |= {"other_language": other, "other_language_name": names[other]}


def _say_that_it_is_english(
    app: Sphinx, page: str, template: str, context: dict[str, object], doctree: object
) -> None:
    english = page in _ENGLISH_ONLY or page.startswith("decisions/")
    if app.config.language == "ru" and english:
        context["body"] = f"<p><em>Эта страница на английском.</em></p>\n{context['body']}"
