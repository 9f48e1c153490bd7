"""`milepost dlq`: look at dead letters, and settle them."""

from __future__ import annotations

import typer

from streams.cli.dlq.carrying import export_letters, import_letters
from streams.cli.dlq.history import audit
from streams.cli.dlq.looking import list_letters, show, stats
from streams.cli.dlq.settling import discard, edit, redirect, replay

__all__ = ["app"]

app = typer.Typer(
    help="Dead letters: what was refused, why, and what becomes of it.\n\n"
    "    milepost dlq stats                                  # what went wrong, grouped\n\n"
    "    milepost dlq show <sample>                          # one of them: why, and what to do\n\n"
    "    milepost dlq replay --fingerprint <group>           # what a replay would do\n\n"
    "    milepost dlq replay --fingerprint <group> --execute --reason 'the map has the code now'\n\n"
    "Nothing is changed without --execute. Topics go by their names without MILEPOST_PREFIX. docs/dead-letters.md has more."
)

app.command("list")(list_letters)
app.command("stats")(stats)
app.command("show")(show)
app.command("replay")(replay)
app.command("edit")(edit)
app.command("redirect")(redirect)
app.command("discard")(discard)
app.command("export")(export_letters)
app.command("import")(import_letters)
app.command("audit")(audit)
