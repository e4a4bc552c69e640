"""What is said in English to programs, and to people in their own language."""

from typing import Self


class Said(str):  # noqa: SLOT000 - it has fields of its own
    """English text that knows what it was made of: `Said("only %(left)s left", left=3)`.

    What fills it in is said, too, where it is Said; a list is told one by one. `imsop.ui.refusals` says it to
    people, by the catalogue, which finds the text where it stands in the code.
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
