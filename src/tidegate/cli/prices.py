"""``tidegate prices``."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.screen import say_json

prices_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Price books.\n\nExample: `tidegate prices show`",
)


@prices_app.command("show")
def show_prices(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show the price book that the running system quotes from.

    Example: `tidegate prices show`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.moneytables import print_prices  # noqa: PLC0415

    found = Client().get("/v1/prices")
    if as_json:
        say_json(found)
    else:
        print_prices(found)


@prices_app.command("check")
def check_prices(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The price book (TOML).")],
) -> None:
    """Read a price book and say what is wrong with it.

    Example: `tidegate prices check examples/prices.toml`
    """
    from tidegate.feeds.pricefile import read_price_book  # noqa: PLC0415

    read = read_price_book(book)
    products = len({(price.chip, price.product) for price in read.prices})
    typer.echo(
        f"{book}: {len(read.prices)} prices of {products} products, in order; "
        f"{len(read.volume)} volume and {len(read.term)} term discounts."
    )


@prices_app.command("adopt")
def adopt_prices(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The price book (TOML).")],
) -> None:
    """Put a price book into force in the running system, for quotes from now on.

    Example: `tidegate prices adopt examples/prices.toml`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import book_body  # noqa: PLC0415
    from tidegate.feeds.pricefile import read_price_book  # noqa: PLC0415

    read = read_price_book(book)
    adopted = Client().replace("/v1/prices", book_body(read, book.name))
    typer.echo(f"{book}: {len(adopted['prices'])} prices are in force.")
