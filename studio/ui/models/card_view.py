"""The selected model's card: purpose, size, license, languages, settings and memory."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.settings import LoadPreference
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import license_terms
from studio.models.memory.choose_plan import choose, possible_plans
from studio.models.memory.folder_facts import Facts, facts_of
from studio.models.memory.hardware import Machine, memory_needs
from studio.models.memory.load_plan import STRATEGY_TITLES, LoadPlan
from studio.ui.models.list import Item, kind_title, language_name
from studio.ui.widgets.factory import label, name_control, row, size_text

COMMERCIAL = {
    "yes": "free for commercial use",
    "conditional": "commercial use under conditions",
    "no": "not for commercial use",
}
ABILITIES = {
    "text": "continues text",
    "chat": "chat",
    "summarize": "summaries",
    "translate": "translation",
    "text-to-image": "text to image",
    "image-to-image": "image to image",
    "inpaint": "inpainting",
    "control": "ControlNets",
    "adapters": "LoRAs",
    "ip-adapter": "IP-Adapters",
    "textual-inversion": "textual inversion",
    "batch": "batches",
    "voices": "several voices",
    "lyrics": "singing",
    "melody": "melody input",
}
GUIDANCE = {
    "above_1": "on above 1",
    "above_0": "on above 0",
    "true_cfg": "with a negative prompt, on above 1",
    "embedded": "built into the model",
    "ignored": "ignored",
}


def machine_text(machine: Machine) -> str:
    """Describe the memory and GPU of this computer."""
    memory = f"{size_text(machine.memory)} of memory"
    if machine.gpu:
        return (
            f"{machine.gpu} with {size_text(machine.gpu_memory)}, {memory}"
            if machine.gpu_memory
            else f"{machine.gpu}, {memory}"
        )
    return f"{memory}, no GPU" if machine.probed else f"{memory}, looking for a GPU"


def settings_text(card: ModelCard) -> str:
    """Describe the recommended steps, size, length and guidance; empty if the card names none."""
    values, parts = card.defaults, []
    if "num_inference_steps" in values:
        has_range = card.steps is not None and card.steps[0] != card.steps[1]
        span = (
            f"{card.steps[0]} to {card.steps[1]}"
            if has_range and card.steps
            else f"{values['num_inference_steps']}"
        )
        parts.append(f"{span} steps")
    parts += (
        [f"{values['width']} × {values['height']}"] if {"width", "height"} <= values.keys() else []
    )
    if {"num_frames", "frame_rate"} <= values.keys():
        parts.append(f"{values['num_frames']} frames ({values['frame_rate']} a second)")
    if "guidance_scale" in values:
        parts.append(f"guidance {values['guidance_scale']:g} ({GUIDANCE[card.guidance]})")
    parts += ["no negative prompt"] if card.negative_prompt is False else []
    return ", ".join(parts)


class CardView(QScrollArea):
    """Shows the card of one model."""

    memory_chosen = Signal(str)
    """The user chose how the model is loaded: a `LoadPreference`."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.title = label("", "title", wrap=True)
        self.about = label("", "muted", wrap=True)
        self.description = label("", wrap=True)
        self.hindrance = label("", "error", wrap=True)
        self.facts = QGridLayout()
        self.memory = QGridLayout()
        self.memory_title = label("Memory", "title")
        self.machine = label("", "muted", wrap=True)
        self.memory_note = label("", "muted", wrap=True)
        self.preference = QComboBox()
        name_control(
            self.preference,
            "Load as",
            "How this model is loaded. Automatic: the first option that fits.",
        )
        self.preference.activated.connect(
            lambda _number: self.memory_chosen.emit(self.preference.currentData())
        )
        self.preference_row = row(label("Load as", "muted"), self.preference, None)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(16, 6, 10, 6)
        layout.setSpacing(8)
        for widget in (self.title, self.about, self.description, self.hindrance):
            layout.addWidget(widget)
        for grid in (self.facts, self.memory):
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(6)
        self.facts.setColumnStretch(1, 1)
        self.memory.setColumnStretch(2, 1)
        layout.addSpacing(4)
        layout.addLayout(self.facts)
        layout.addSpacing(4)
        layout.addWidget(self.memory_title)
        layout.addWidget(self.machine)
        layout.addLayout(self.memory)
        layout.addWidget(self.memory_note)
        layout.addWidget(self.preference_row)
        layout.addStretch(1)
        self.setWidget(content)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_item(
        self,
        item: Item | None,
        machine: Machine,
        preference: LoadPreference = "auto",
        default: LoadPreference = "auto",
    ) -> None:
        """Show a model, or a hint if none is selected.

        `preference` is how the user wants it loaded; `default` applies if that is "auto".
        """
        _clear(self.facts)
        _clear(self.memory)
        for widget in (
            self.about,
            self.description,
            self.hindrance,
            self.memory_title,
            self.machine,
            self.memory_note,
        ):
            widget.setVisible(item is not None)
        self.preference_row.hide()
        if item is None:
            self.title.setText("Select a model in the list.")
            return
        card = item.card
        self.title.setText(card.title)
        self.about.setText(_about(item))
        self.description.setText(card.description)
        self.description.setVisible(bool(card.description))
        self.hindrance.setText(f"Studio cannot run this model yet: {item.hindrance}.")
        self.hindrance.setVisible(bool(item.hindrance))
        self._show_facts(item)
        self._show_memory(item, machine, preference, default)
        self.verticalScrollBar().setValue(0)

    def _show_facts(self, item: Item) -> None:
        card = item.card
        size = (
            f"{item.size_text} {'on disk' if item.installed else 'to download'}"
            if item.size
            else "unknown"
        )
        license = card.license or "unknown"
        terms = license_terms().get(card.license)
        if card.commercial:
            license += f": {COMMERCIAL[card.commercial]}"
        self._fact("Size", size)
        self._fact(
            "License",
            license,
            terms.summary if terms else "Read the license on the model's page.",
        )
        if card.gated and not item.installed:
            self._fact("Account", "Needs an account on the hub that has accepted the license.")
        self._fact("Languages", ", ".join(language_name(language) for language in card.languages))
        self._fact("Can", ", ".join(ABILITIES.get(ability, ability) for ability in card.abilities))
        self._fact("Settings", settings_text(card))
        self._fact(
            "Prompt",
            f"up to {card.max_prompt_tokens:,} tokens" if card.max_prompt_tokens else "",
        )
        revision = f", revision {card.revision}" if card.revision else ""
        self._fact("Source", f"{card.repo}{revision}" if card.repo else card.source)
        self._fact("Trigger words", ", ".join(card.trigger_words))
        self._fact("Folder", card.path if item.installed else "")

    def _fact(self, name: str, value: str, note: str = "") -> None:
        if not value:
            return
        row = self.facts.rowCount()
        self.facts.addWidget(label(name, "muted"), row, 0, Qt.AlignmentFlag.AlignTop)
        shown = _value(value)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts.addWidget(shown, row, 1)
        if note:
            self.facts.addWidget(_value(note, "muted"), row + 1, 1)

    def _show_memory(
        self, item: Item, machine: Machine, preference: LoadPreference, default: LoadPreference
    ) -> None:
        card, need = item.card, memory_needs(item.card)
        self.machine.setText(f"This computer: {machine_text(machine)}.")
        facts = facts_of(card) if item.installed else Facts()
        steps = list(possible_plans(card, machine.at_rest, facts=facts))
        if len(steps) > 1 and not card.base and not card.adapter:
            self._show_preferences(steps, preference)
        if need is None:
            self.memory_note.setText(
                "Its memory use is unknown."
                if not card.adapter
                else "It needs little memory in addition to its base model."
            )
            return
        try:
            chosen = choose(
                card,
                machine.at_rest,
                facts=facts,
                preference=default if preference == "auto" else preference,
            )
        except StudioError as error:
            chosen = None
            note = f"{error.cure.rstrip('.')}. "
        else:
            note = ""
        for row_index, step in enumerate(steps):
            if not step.needs:
                continue
            is_chosen = chosen is not None and step.strategy == chosen.strategy
            texts = (
                _title(step, len(steps)),
                size_text(step.needs),
                _fit(step) + (" · used here" if is_chosen else ""),
            )
            for column, text in enumerate(texts):
                cell = label(text, "" if is_chosen else "muted", wrap=column == 2)
                self.memory.addWidget(cell, row_index, column, Qt.AlignmentFlag.AlignTop)
        self.memory_note.setText(note + ("Estimated from its size." if need[1] else ""))
        self.memory_note.setVisible(bool(self.memory_note.text()))

    def _show_preferences(self, steps: list[LoadPlan], preference: LoadPreference) -> None:
        self.preference.clear()
        preferences: list[LoadPreference] = ["auto", *(step.strategy for step in steps)]
        for value in preferences:
            self.preference.addItem(STRATEGY_TITLES[value], value)
        self.preference.setCurrentIndex(max(0, self.preference.findData(preference)))
        self.preference_row.show()


def _title(step: LoadPlan, count: int) -> str:
    if count == 1 and step.precision is None:
        return "Unchanged"
    return (
        f"{STRATEGY_TITLES['resident']}, {step.summary}"
        if step.strategy == "resident"
        else STRATEGY_TITLES[step.strategy]
    )


def _fit(step: LoadPlan) -> str:
    if not step.obstacle:
        return "fits"
    return "too large" if step.needs > step.room else step.obstacle


def _about(item: Item) -> str:
    state = (
        ("installed, default" if item.is_default else "installed")
        if item.installed
        else "not installed"
    )
    tasks = () if item.card.kind == ADAPTER else item.card.tasks
    return " · ".join((kind_title(item.card), *tasks, state))


def _value(text: str, role: str = "") -> QLabel:
    result = label(text, role, wrap=True)
    result.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    result.setMinimumWidth(60)
    return result


def _clear(grid: QGridLayout) -> None:
    while grid.count():
        item = grid.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
