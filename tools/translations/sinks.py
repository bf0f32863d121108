"""The functions that show a text to the user, and which of their arguments are texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

ALL = range(20)
_FIRST = (0,)
_HELP = frozenset({"help"})
SINKS: Mapping[str, Collection[int]] = {
    # Qt's classes; addItem and the like may begin with an icon
    **dict.fromkeys(
        (
            *("QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QToolBar"),
            *("QDockWidget", "QTableWidgetItem", "QListWidgetItem", "QStandardItem", "QMenu"),
            *("QAction", "QMessageBox", "ElidedLabel"),
            *(".setText", ".setToolTip", ".setStatusTip", ".setWhatsThis", ".setWindowTitle"),
            *(".setPlaceholderText", ".setAccessibleName", ".setAccessibleDescription"),
            *(".setSpecialValueText", ".setSuffix", ".setPrefix", ".setTitle", ".setIconText"),
            *(".setHorizontalHeaderLabels", ".setHeaderLabels", ".setLabelText", ".setFormat"),
            *(".setInformativeText", ".setDetailedText", ".addItem", ".addItems", ".addAction"),
            *(".addMenu", ".addTab", ".setTabText", ".addSection", ".addButton", ".addRow"),
            *(".insertItem", ".showMessage", ".setPlainText"),
        ),
        ALL,
    ),
    **dict.fromkeys(
        (
            *(".getOpenFileName", ".getOpenFileNames", ".getSaveFileName"),
            *(".getExistingDirectory", ".getText", ".getItem", ".getInt"),
        ),
        (1, 2, 3),
    ),
    # Our own, of `ui/widgets/factory.py` and the window
    "label": _FIRST,
    "button": (0, 1),
    "name_control": (1, 2),
    "text_editor": (0, 1),
    "search_field": (0, 1, 2),
    "choice_box": (0, 1, 2),
    "confirm": (1, 2, 3, 4),
    "show_message": (1, 2, 3),
    "show_information": (1, 2, 3),
    **dict.fromkeys(
        (
            *(".show_message", ".show_until_closed", ".show_settings_message", ".set_text"),
            *(".post_toast", ".add_toast", ".set_whole"),
        ),
        ALL,
    ),
    "Action": (1, 2),
    "setting": (1, 2),
    # Errors
    "StudioError": _FIRST,
    "Problem": (1,),
    # The command line
    **dict.fromkeys((".result", ".note"), _FIRST),
}
"""Function, with a dot before it if it is a method → the positions of its texts."""
KEYWORDS: Mapping[str, frozenset[str]] = {
    "StudioError": frozenset({"message", "cure"}),
    "Failure": frozenset({"message", "cure"}),
    "Problem": frozenset({"message"}),
    "setting": frozenset({"unit", "lowest", "placeholder", "choices"}),
    "Kind": frozenset({"title", "noun", "model_noun", "starter_note"}),
    "Meta": frozenset({"title", "description"}),
    "field_info": frozenset({"title", "help"}),
    **dict.fromkeys(
        (".Option", ".Argument", ".Typer", ".command", ".callback"), frozenset({"help"})
    ),
    ".add_typer": _HELP,
}
"""Function → the keywords of its texts."""
