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
from studio.core.file_names import home_path
from studio.core.settings import LoadPreference
from studio.core.settings_catalog.catalog import STRATEGY_TITLES
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import license_terms
from studio.models.memory.choose_plan import choose, possible_plans
from studio.models.memory.folder_facts import Facts, facts_of
from studio.models.memory.hardware import Machine, memory_needs
from studio.models.memory.load_plan import LoadPlan
from studio.ui.models.languages import language_name
from studio.ui.models.list import TASKS, Item, kind_title
from studio.ui.widgets.factory import label, name_control, row, size_text

COMMERCIAL = {
    "yes": mark("free for commercial use"),
    "conditional": mark("commercial use under conditions"),
    "no": mark("not for commercial use"),
}
ABILITIES = {
    "text": mark("continues text"),
    "chat": mark("chat"),
    "summarize": mark("summaries"),
    "translate": mark("translation"),
    "text-to-image": mark("text to image"),
    "image-to-image": mark("image to image"),
    "inpaint": mark("inpainting"),
    "control": mark("ControlNets"),
    "adapters": mark("LoRAs"),
    "ip-adapter": mark("IP-Adapters"),
    "textual-inversion": mark("textual inversion"),
    "batch": mark("batches"),
    "voices": mark("several voices"),
    "lyrics": mark("singing"),
    "melody": mark("melody input"),
}
GUIDANCE = {
    "above_1": mark("on above 1"),
    "above_0": mark("on above 0"),
    "true_cfg": mark("with a negative prompt, on above 1"),
    "embedded": mark("built into the model"),
    "ignored": mark("ignored"),
}


def machine_text(machine: Machine) -> str:
    """Describe the memory and GPU of this computer."""
    memory, gpu = size_text(machine.memory), machine.gpu
    if gpu and machine.gpu_memory:
        gpu_memory = size_text(machine.gpu_memory)
        return tr(
            "{gpu} with {gpu_memory}, {memory} of memory",
            gpu=gpu,
            gpu_memory=gpu_memory,
            memory=memory,
        )
    if gpu:
        return tr("{gpu}, {memory} of memory", gpu=gpu, memory=memory)
    if machine.probed:
        return tr("{memory} of memory, no GPU", memory=memory)
    return tr("{memory} of memory, looking for a GPU", memory=memory)


def settings_text(card: ModelCard) -> str:
    """Describe the recommended steps, size, length and guidance; empty if the card names none."""
    values, parts = card.defaults, []
    if "num_inference_steps" in values:
        if card.steps is not None and card.steps[0] != card.steps[1]:
            first, last = card.steps
            parts.append(tr("{first} to {last} steps", first=first, last=last))
        else:
            parts.append(tr_plural("1 step", "{count} steps", int(values["num_inference_steps"])))
    parts += (
        [f"{values['width']} × {values['height']}"] if {"width", "height"} <= values.keys() else []
    )
    if {"num_frames", "frame_rate"} <= values.keys():
        parts.append(
            tr(
                "{frames} frames ({rate} a second)",
                frames=values["num_frames"],
                rate=values["frame_rate"],
            )
        )
    if "guidance_scale" in values:
        parts.append(
            tr(
                "guidance {scale:g} ({effect})",
                scale=values["guidance_scale"],
                effect=tr_marked(GUIDANCE[card.guidance]),
            )
        )
    parts += [tr("no negative prompt")] if card.negative_prompt is False else []
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
        self.memory_title = label(tr("Memory"), "title")
        self.machine = label("", "muted", wrap=True)
        self.memory_note = label("", "muted", wrap=True)
        self.preference = QComboBox()
        name_control(
            self.preference,
            tr("Load as"),
            tr("How this model is loaded. Automatic: the first option that fits."),
        )
        self.preference.activated.connect(
            lambda _number: self.memory_chosen.emit(self.preference.currentData())
        )
        self.preference_row = row(label(tr("Load as"), "muted"), self.preference, None)
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
            self.title.setText(tr("Select a model in the list."))
            return
        card = item.card
        self.title.setText(card.title)
        self.about.setText(_about(item))
        self.description.setText(tr_marked(card.description))
        self.description.setVisible(bool(card.description))
        self.hindrance.setText(
            tr("Studio cannot run this model yet: {hindrance}.", hindrance=item.hindrance)
        )
        self.hindrance.setVisible(bool(item.hindrance))
        self._show_facts(item)
        self._show_memory(item, machine, preference, default)
        self.verticalScrollBar().setValue(0)

    def _show_facts(self, item: Item) -> None:
        card = item.card
        terms = license_terms().get(card.license)
        self._fact(tr("Size"), _size(item))
        self._fact(
            tr("License"),
            _license(card),
            tr_marked(terms.summary) if terms else tr("Read the license on the model's page."),
        )
        if card.gated and not item.installed:
            self._fact(
                tr("Account"), tr("Needs an account on the hub that has accepted the license.")
            )
        languages = ", ".join(language_name(language) for language in card.languages)
        self._fact(tr("Languages"), languages)
        abilities = (tr_marked(ABILITIES.get(ability, ability)) for ability in card.abilities)
        self._fact(tr("Can", context="model"), ", ".join(abilities))
        self._fact(tr("Settings"), settings_text(card))
        if card.max_prompt_tokens:
            limit = tr("up to {count:,} tokens", count=card.max_prompt_tokens)
            self._fact(tr("Prompt"), limit)
        self._fact(tr("Source"), _source(card))
        self._fact(tr("Trigger words"), ", ".join(card.trigger_words))
        self._fact(tr("Folder"), home_path(card.path) if item.installed and card.path else "")

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
        self.machine.setText(tr("This computer: {description}.", description=machine_text(machine)))
        facts = facts_of(card) if item.installed else Facts()
        steps = list(possible_plans(card, machine.at_rest, facts=facts))
        if len(steps) > 1 and not card.base and not card.adapter:
            self._show_preferences(steps, preference)
        if need is None:
            self.memory_note.setText(
                tr("Its memory use is unknown.")
                if not card.adapter
                else tr("It needs little memory in addition to its base model.")
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
            note = error.cure if error.cure.endswith((".", "。")) else f"{error.cure}."
        else:
            note = ""
        self._show_steps(steps, chosen)
        notes = (note, tr("Estimated from its size.") if need[1] else "")
        self.memory_note.setText(" ".join(filter(None, notes)))
        self.memory_note.setVisible(bool(self.memory_note.text()))

    def _show_steps(self, steps: list[LoadPlan], chosen: LoadPlan | None) -> None:
        for row_index, step in enumerate(steps):
            if not step.needs:
                continue
            is_chosen = chosen is not None and step.strategy == chosen.strategy
            fit = _fit(step)
            if is_chosen:
                fit = tr("{fit} · used here", fit=fit)
            texts = (_title(step, len(steps)), size_text(step.needs), fit)
            for column, text in enumerate(texts):
                cell = label(text, "" if is_chosen else "muted", wrap=column == 2)
                self.memory.addWidget(cell, row_index, column, Qt.AlignmentFlag.AlignTop)

    def _show_preferences(self, steps: list[LoadPlan], preference: LoadPreference) -> None:
        self.preference.clear()
        preferences: list[LoadPreference] = ["auto", *(step.strategy for step in steps)]
        for value in preferences:
            self.preference.addItem(tr_marked(STRATEGY_TITLES[value]), value)
        self.preference.setCurrentIndex(max(0, self.preference.findData(preference)))
        self.preference_row.show()


def _size(item: Item) -> str:
    if not item.size:
        return tr("unknown")
    if item.installed:
        return tr("{size} on disk", size=item.size_text)
    return tr("{size} to download", size=item.size_text)


def _license(card: ModelCard) -> str:
    license = card.license or tr("unknown")
    return f"{license}: {tr_marked(COMMERCIAL[card.commercial])}" if card.commercial else license


def _source(card: ModelCard) -> str:
    if not card.repo or not card.revision:
        return card.repo or card.source
    return tr("{repository}, revision {revision}", repository=card.repo, revision=card.revision)


def _title(step: LoadPlan, count: int) -> str:
    if count == 1 and step.precision is None:
        return tr("Unchanged")
    title = tr_marked(STRATEGY_TITLES[step.strategy])
    return f"{title}, {step.summary}" if step.strategy == "resident" else title


def _fit(step: LoadPlan) -> str:
    if not step.obstacle:
        return tr("fits")
    return tr("too large") if step.needs > step.room else step.obstacle


def _about(item: Item) -> str:
    state = tr("installed") if item.installed else tr("not installed")
    if item.is_default:
        state = tr("installed, default")
    tasks = () if item.card.kind == ADAPTER else item.card.tasks
    titles = (tr_marked(TASKS.get(task, task)) for task in tasks)
    return " · ".join(dict.fromkeys((kind_title(item.card), *titles, state)))


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
