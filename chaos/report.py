"""The tables of an attack: what became of what was sent, and how long each kind of fault was felt."""

from benchmarks.core import Row, table
from chaos.attack import Outcome, Tried

KINDS = ("comments", "decisions", "uploaded rows", "webhook events", "scores")


def report(outcome: Outcome) -> str:
    """Return both tables as Markdown, and a sentence for each thing that did not hold."""
    account, ledger = outcome.account, outcome.ledger
    sent = []
    for kind in KINDS:
        accepted = account.totals.get(kind, 0) if kind == "webhook events" else ledger.accepted[kind]
        values = {
            "sent": f"{ledger.sent[kind]:,}" if kind != "webhook events" else "",
            "accepted": f"{accepted:,}",
            "refused tries": f"{ledger.refused[kind]:,}" if kind != "webhook events" else "",
        }
        if kind != "scores":  # nothing is kept of them
            counts = (account.lost, account.doubled, account.stuck)
            values |= {
                name: f"{count.get(kind, 0):,}"
                for name, count in zip(("lost", "doubled", "stuck"), counts, strict=True)
            }
        sent.append(Row(kind, values))
    faults = [Row(name, _columns(one)) for name, one in outcome.tried.items()]
    settled = "never" if outcome.settled is None else f"after {outcome.settled:.0f} s"
    lines = ["", table(sent), "", table(faults), ""]
    lines.append(
        f"{sum(len(one.notes) for one in outcome.tried.values())} faults in {outcome.seconds:.0f} s, settled {settled}."
    )
    if ledger.reasons:
        reasons = ", ".join(f"{reason}: {number:,}" for reason, number in sorted(ledger.reasons.items()))
        lines.append(f"Refused calls by status: {reasons}.")
    lines += [f"NOT HELD: {example}" for example in account.examples]
    lines += [f"NOT HELD: {sentence}" for sentence in ledger.unexpected]
    for name, one in outcome.tried.items():
        lines += [f"NOT HELD: {name}: {sentence}" for sentence in one.broken]
        if one.not_recovered:
            lines.append(f"NOT HELD: {name}: {one.not_recovered} times not recovered from")
    lines.append("Everything held." if outcome.held else "Not everything held.")
    return "\n".join(lines)


def _columns(one: Tried) -> dict[str, str]:
    return {
        "times": f"{len(one.notes)}",
        "slowest recovery": f"{max(one.recovered):.1f} s" if one.recovered else "",
        "claims free after": f"{max(one.freed):.1f} s" if one.freed else "",
        "note": f"not tried: {one.not_here}" if one.not_here else "",
    }
