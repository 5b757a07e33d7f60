"""Renders the tables of docs/reference/chips.md from the data files.

Run ``python -m tests.fleet.chips_page`` to write them into the page.
"""

from pathlib import Path

from tidegate.fleet import Chip, catalogue, reference_rent

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "chips.md"
MARK = "<!-- {} of the tables; python -m tests.fleet.chips_page -->"
BEGIN, END = MARK.format("begin"), MARK.format("end")


def tables() -> str:
    """Return the three tables: figures, prices, rents."""
    return "\n".join([*_figures(), "", *_prices(), "", *_rents(), ""])


def _figures() -> list[str]:
    return [
        "| id | vendor | generation | launch | GB | TB/s | BF16 | FP8 | FP4 | W | source | note |",
        "| --- " * 12 + "|",
        *(_row(_figure_cells(chip)) for chip in catalogue().values()),
    ]


def _figure_cells(chip: Chip) -> list[object]:
    numbers = [chip.memory_gb, chip.bandwidth_tb_s, chip.bf16_tflops, chip.fp8_tflops]
    numbers += [chip.fp4_tflops, chip.tdp_w]
    shown = [None if number is None else f"{number:g}" for number in numbers]
    source = _cite(chip.source, chip.source_date, secondary=chip.secondary)
    return [chip.id, chip.vendor, chip.generation, chip.launch, *shown, source, chip.note]


def _prices() -> list[str]:
    return [
        "| id | USD for one chip | kind | seen | source |",
        "| --- " * 5 + "|",
        *(
            _row(
                [
                    chip.id,
                    f"{chip.price_usd:,}",
                    chip.price_kind,
                    chip.price_date,
                    _cite(chip.price_source, None, secondary=chip.price_secondary),
                ]
            )
            for chip in catalogue().values()
            if chip.price_usd is not None
        ),
    ]


def _rents() -> list[str]:
    rents = [rent for chip in catalogue() if (rent := reference_rent(chip))]
    return [
        "| id | USD per GPU-hour | seen | source |",
        "| --- " * 4 + "|",
        *(_row([rent.chip_id, rent.usd_per_gpu_h, rent.date, rent.source]) for rent in rents),
    ]


def _cite(source: str | None, date: str | None, *, secondary: bool) -> str | None:
    if source is None:
        return None
    return f"{source}{f', {date}' if date else ''}{' (s)' if secondary else ''}"


def _row(cells: list[object]) -> str:
    return "| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables()}\n{END}{after}", encoding="utf-8")
