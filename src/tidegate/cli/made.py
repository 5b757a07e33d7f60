"""Options that several commands share, turned into one value before the command runs."""

import inspect
from collections.abc import Callable
from typing import Any

Command = Callable[..., None]


def with_made(**makers: Callable[..., Any]) -> Callable[[Command], Command]:
    """Have a command given what others make of their options.

    Parameters
    ----------
    **makers : callable
        By the parameter of the command that gets what it makes. Its own parameters become options of the command,
        those of the first maker first; they are called in that order, so that what is cheap to check comes first.

    Returns
    -------
    callable
        From a command to one with all options, as Typer reads them from a signature.
    """

    def decorate(command: Command) -> Command:
        asked = {name: inspect.signature(maker).parameters for name, maker in makers.items()}
        own = {
            name: parameter
            for name, parameter in inspect.signature(command).parameters.items()
            if name not in makers
        }
        every = {name: p for parameters in (*asked.values(), own) for name, p in parameters.items()}

        def run(**given: Any) -> None:
            made = {
                name: maker(**{option: given[option] for option in asked[name]})
                for name, maker in makers.items()
            }
            command(**made, **{name: given[name] for name in own})

        # Arguments before options, whoever they belong to.
        ordered = sorted(every.values(), key=lambda it: it.kind is it.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
        run.__annotations__ = {name: p.annotation for name, p in every.items()}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate
