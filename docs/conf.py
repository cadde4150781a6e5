"""Sphinx's settings of the documentation, in English and, with ``-D language=ru``, in Russian."""

import builtins
import sys
from types import ModuleType

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains.python import ObjectEntry, PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

import wbym

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
    app.connect("autodoc-process-docstring", _describe_constant)
    app.connect("config-inited", _name_other_language)


def _skip_foreign(
    app: Sphinx, kind: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Skip what another package of ours exports, such as the records in ``wbym.account``."""
    home = getattr(thing, "__module__", None)
    here = app.env.current_document.autodoc_module
    if kind != "module" or isinstance(thing, ModuleType) or not isinstance(home, str):
        return None
    return True if home != here and home.startswith("wbym") and "._" not in home else None


def _describe_constant(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Take the docstring of a constant or type alias from the private module that defines it."""
    if kind != "data":
        return
    package, _, constant = name.rpartition(".")
    for module in [module for module in sys.modules if module.startswith(f"{package}._")]:
        found = ModuleAnalyzer.for_module(module)
        found.analyze()
        if text := found.attr_docs.get(("", constant)):
            lines[:] = text
            return


def _name_other_language(app: Sphinx, config: Config) -> None:
    other = "en" if config.language == "ru" else "ru"
    names = {"en": "English", "ru": "Русский"}
    config.html_context |= {"other_language": other, "other_language_name": names[other]}
