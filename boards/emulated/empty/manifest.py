# An image that does nothing: what the firmware's own share of an image is measured against.
freeze(".", "main.py")
