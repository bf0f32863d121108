"""`studio settings`: the settings of the window, from a shell. An open window follows at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import output
from studio.cli.context import unsaved
from studio.cli.parser_texts import TranslatedApp
from studio.core.drafts import save_drafts
from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.paths import DataFolder, input_path, user_path
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import GROUPS, SETTINGS
from studio.core.settings_catalog.setting import Setting
from studio.core.settings_catalog.transfer import export_settings, read_settings_file
from studio.core.settings_catalog.values import (
    find_setting,
    is_changed,
    read_value,
    reset_change,
    value_change,
    value_text,
)
from studio.core.settings_store import Change, load_settings, update
from studio.core.translation import tr, tr_marked, tr_plural

settings_app = TranslatedApp(help=tr("Show and change the settings."), no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Key = Annotated[str, typer.Argument(metavar="NAME", help=tr("As `studio settings list` shows it."))]


@settings_app.command("list", help=tr("Show all settings with their values."))
def list_command(
    ctx: typer.Context,
    changed: Annotated[
        bool, typer.Option("--changed", help=tr("Only those that differ from their defaults."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Show all settings with their values."""
    ctx.obj.report_damage()
    settings = load_settings(ctx.obj.data)
    shown = [one for one in SETTINGS if not changed or is_changed(one, settings)]
    if as_json:
        output.as_json({"settings": [_describe(one, settings) for one in shown]})
        return
    for group, title in GROUPS.items():
        of_group = [one for one in shown if one.group == group]
        if of_group:
            output.result(tr_marked(title))
        for setting in of_group:
            mark = "*" if is_changed(setting, settings) else " "
            text = value_text(setting, getattr(settings, setting.key))
            output.result(f"{mark} {setting.key:22} {text:12} {tr_marked(setting.title)}".rstrip())


@settings_app.command("get", help=tr("Show one setting."))
def get_command(ctx: typer.Context, key: Key, as_json: Json = False) -> None:
    """Show one setting."""
    ctx.obj.report_damage()
    settings, setting = load_settings(ctx.obj.data), find_setting(key)
    if as_json:
        output.as_json(_describe(setting, settings))
    else:
        output.result(value_text(setting, getattr(settings, setting.key)))


@settings_app.command("set", help=tr("Change one setting."))
def set_command(
    ctx: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help=tr("Its new value."))],
    as_json: Json = False,
) -> None:
    """Change one setting."""
    setting = find_setting(key)
    new = read_value(setting, value)
    settings = load_settings(ctx.obj.data)
    _report(setting, _change(ctx, value_change(setting, new, settings)), as_json)


@settings_app.command("reset", help=tr("Give a setting its default, or all."))
def reset_command(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="[NAME]", help=tr("Without it: --all."))] = "",
    everything: Annotated[bool, typer.Option("--all", help=tr("Reset all settings."))] = False,
    as_json: Json = False,
) -> None:
    """Give a setting its default, or all."""
    if bool(key) == everything:
        raise StudioError(
            tr("Which setting?"),
            cause="invalid",
            cure=tr("Name one setting, or use --all for all."),
        )
    settings = load_settings(ctx.obj.data)
    if key:
        setting = find_setting(key)
        _report(setting, _change(ctx, reset_change(setting, settings)), as_json)
        return
    change: dict[str, Any] = {}
    for setting in SETTINGS:
        if is_changed(setting, settings):
            change |= reset_change(setting, settings)
    settings = _change(ctx, change)
    if as_json:
        output.as_json({"settings": [_describe(one, settings) for one in SETTINGS]})
    else:
        output.result(
            tr_plural("1 setting was reset.", "{count} settings were reset.", len(change))
        )


@settings_app.command("export", help=tr("Write all settings to a file, for another computer."))
def export_command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(parser=user_path, metavar="FILE.json")],
) -> None:
    """Write all settings to a file, for another computer."""
    try:
        write_whole(file, export_settings(load_settings(ctx.obj.data)))
    except FileExistsError:
        raise StudioError(
            tr("{path} already exists and was not replaced.", path=file),
            cause="disk",
            cure=tr("Choose another."),
        ) from None
    output.result(str(file))


@settings_app.command("import", help=tr("Take over the settings of an exported file."))
def import_command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(parser=input_path, metavar="FILE.json")],
    check: Annotated[
        bool, typer.Option("--check", help=tr("Show what would change, and change nothing."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Take over the settings of an exported file."""
    settings = load_settings(ctx.obj.data)
    imported = read_settings_file(file, settings)
    if not check:
        _change(ctx, imported.change)
    if as_json:
        output.as_json({"changed": imported.values, "refused": imported.refused})
    else:
        for key, value in imported.values.items():
            setting = find_setting(key)
            before = value_text(setting, getattr(settings, key))
            output.result(f"{key}: {before or tr('(empty)')} → {value_text(setting, value)}")
        if not imported.values:
            output.result(tr("Nothing changes."))
        for key, reason in imported.refused.items():
            output.note(tr("{name} is not used: {reason}", name=key, reason=reason))


def _change(ctx: typer.Context, change: Change) -> Settings:
    data: DataFolder = ctx.obj.data
    try:
        settings = update(data, change) if change else load_settings(data)
        if not change.get("keep_drafts", True):
            save_drafts(data, {})
    except OSError as error:
        raise unsaved(error) from error
    return settings


def _report(setting: Setting, settings: Settings, as_json: bool) -> None:
    if as_json:
        output.as_json(_describe(setting, settings))
        return
    text = value_text(setting, getattr(settings, setting.key))
    output.result(f"{setting.key}: {text or tr('(empty)')}")
    if setting.at_restart:
        output.note(tr("An open window follows when Studio is started again."))


def _describe(setting: Setting, settings: Settings) -> dict[str, Any]:
    described = {
        "name": setting.key,
        "title": setting.title,
        "group": setting.group,
        "value": getattr(settings, setting.key),
        "default": setting.default,
        "description": setting.description,
    }
    if setting.choices:
        described["choices"] = [value for value, _title in setting.choices]
    return described
