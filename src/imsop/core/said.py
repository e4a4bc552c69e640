"""Messages that are English in the API and translated on pages."""

from typing import Self


class Said(str):  # noqa: SLOT000 - it has attributes
    """English text that keeps its template and parameters: `Said("only %(left)s left", left=3)`.

    Parameters that are Said are translated, too; lists item by item. `imsop.ui.refusals` translates it by the
    catalogue, which extracts the template from the code.
    """

    template: str
    filled: dict[str, object]

    def __new__(cls, template: str, **filled: object) -> Self:
        values = {
            name: SEPARATOR.join(map(str, value)) if isinstance(value, list) else value
            for name, value in filled.items()
        }
        said = super().__new__(cls, template % values if values else template)
        said.template = template
        said.filled = filled
        return said


SEPARATOR = "; "
