"""Names without texts in the image of a microcontroller (README.md)."""
