"""Controls of every window and dialog: names for screen readers, plain text, mnemonics."""

import itertools
import sys

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDateEdit,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTextBrowser,
    QTextEdit,
    QWidget,
)

from studio.core.kinds import KINDS
from tests.ui.all_windows import import_all, make_content, makers
from tests.ui.conftest import PATIENCE

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QTextEdit,
)
PARTS_OF = (
    *("QComboBox", "QSpinBox", "QDoubleSpinBox", "QMenuBar", "QDockWidget", "QTabBar"),
    *("QTableView", "QTableWidget"),
)
"""Controls of Qt whose inner parts have the name of the whole."""
QT_PARTS = (QHeaderView, QScrollBar)
POP_UPS = ("earlier prompts", "styles")


def own_controls(root):
    for control in root.findChildren(QWidget):
        is_part = any(
            parent is not None and parent.metaObject().className() in PARTS_OF
            for parent in (control.parent(), control.parent().parent())
        )
        is_qt = control.objectName().startswith("qt_") or isinstance(control, QT_PARTS)
        if isinstance(control, CONTROLS) and not is_part and not is_qt:
            yield control


def nameless(root):
    """Return controls that a screen reader can only call by their kind."""
    return [
        f"{type(control).__name__} in {type(control.parent()).__name__}"
        for control in own_controls(root)
        if not control.accessibleName()
        and not (isinstance(control, QAbstractButton) and control.text())
        and not has_buddy(root, control)
    ]


def has_buddy(root, control):
    return any(label.buddy() is control for label in root.findChildren(QLabel))


def rich_labels(root):
    return [
        label.text()
        for label in root.findChildren(QLabel)
        if label.text() and label.textFormat() is not Qt.TextFormat.PlainText
        if label.buddy() is None  # a title of a form
    ]


def stops(root):
    """Return the controls that Tab visits from the focused one, until it comes to one again."""
    visited = [QApplication.focusWidget()]
    for _press in range(300):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is visited[-1] and isinstance(now, (QTextBrowser, QDateEdit)):
            continue  # to its next link, or the next part of the date
        if now in visited:
            return visited
        visited.append(now)
    raise AssertionError(f"Tab ends in {name_of(visited[-1])}")


def name_of(control):
    return control.accessibleName() or type(control).__name__


@pytest.fixture
def window(open_studio):
    return open_studio().window


@pytest.fixture
def all_made(window, tmp_path, qtbot):
    """Return name → each window and dialog, shown one after the other."""
    content = make_content(window.shared, tmp_path / "results")

    def show():
        for name, make in makers(window, content).items():
            made = make()
            made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
            made.show()
            QTest.qWait(20)
            yield name, made
            made.close()
            made.deleteLater()

    return show


def most_derived(base):
    """Return the classes below a class that have no subclasses, which are the ones shown."""
    for one in base.__subclasses__():
        below = list(most_derived(one))
        yield from below or [one]


def is_in_use(window_class):
    """Return False for classes of libraries, and of modules that a test imported and dropped."""
    module = window_class.__module__
    return module.startswith("studio.") and (
        getattr(sys.modules.get(module), window_class.__name__, None) is window_class
    )


def test_no_window_and_no_dialog_is_left_out(all_made):
    import_all()
    known = {type(made) for _name, made in all_made()}
    own = {one for one in most_derived(QDialog) if is_in_use(one)}
    assert {one.__name__ for one in own - known} == set()


def test_every_control_has_a_name_and_no_label_takes_html(all_made):
    found = {name: nameless(made) + rich_labels(made) for name, made in all_made()}
    assert len(found) > 20
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_library_and_its_panel_have_names_too(window, tmp_path, qtbot):
    content = make_content(window.shared, tmp_path / "results")
    QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    page = window.window_library.page
    qtbot.waitUntil(lambda: len(page.results.ids) == 27, timeout=PATIENCE)
    page.view.select(content.items["audio"][0].id)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(page.details.notes.isVisible, timeout=PATIENCE)
    page.bar.text.setFocus()
    visited = stops(page)
    assert page.view in visited
    assert page.details.open_button in visited
    assert nameless(window) + rich_labels(window) == []


def test_every_window_has_a_title_and_closes_with_esc(all_made, qtbot):
    for name, made in all_made():
        if name not in POP_UPS:
            assert made.windowTitle(), name
            activate(made, qtbot)
        QTest.keyClick(made.focusWidget() or made, Qt.Key.Key_Escape)
        assert not made.isVisible(), name


def test_tab_reaches_every_enabled_control_of_a_dialog(all_made, qtbot):
    lost = {}
    for name, made in all_made():
        if name == "full screen" or name in POP_UPS:  # one control; tests of their own
            continue
        activate(made, qtbot)
        if QApplication.focusWidget() is None:
            QTest.keyClick(made, Qt.Key.Key_Tab)
        visited = stops(made)
        wanted = [
            control
            for control in own_controls(made)
            if control.isVisible()
            and control.isEnabled()
            and control.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        missed = [name_of(one) for one in wanted if one not in visited and not in_group(one)]
        if missed:
            lost[name] = missed
    assert lost == {}


def activate(made, qtbot):
    made.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is made, timeout=PATIENCE)


def in_group(control):
    """True for one of several exclusive buttons, which the arrow keys reach."""
    return isinstance(control, QAbstractButton) and (
        control.group() is not None or control.autoExclusive()
    )


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.tab])
def test_tab_goes_through_a_form_from_prompt_to_generate(window, kind, tmp_path, qtbot):
    window.show_kind(kind)
    form = window.current()
    first = window.focusWidget()
    if form.prompt.isVisible():
        assert first is form.prompt
        QTest.keyClicks(form.prompt, "a red fox")
    else:
        Image.new("RGB", (16, 16)).save(tmp_path / "image.png")
        form.work_on(tmp_path / "image.png")
    qtbot.waitUntil(form.generate_button.isEnabled, timeout=PATIENCE)
    visited = stops(form)
    assert form.generate_button in visited
    missed = [
        name_of(control)
        for control in own_controls(form)
        if control.isVisible()
        and control.isEnabled()
        and control.focusPolicy() & Qt.FocusPolicy.TabFocus
        and control not in visited
        and not in_group(control)
    ]
    assert missed == []
    places = [visited.index(one) for one in (first, form.generate_button)]
    assert places == sorted(places)


def test_mnemonics_of_a_dialog_are_unique(all_made):
    for name, made in all_made():
        letters = [
            control.text()[at + 1].lower()
            for control in made.findChildren(QAbstractButton)
            for at in [control.text().replace("&&", "  ").find("&")]
            if control.isVisible() and at >= 0
        ]
        for one, other in itertools.combinations(letters, 2):
            assert one != other, (name, letters)
