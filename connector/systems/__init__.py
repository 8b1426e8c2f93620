"""The connected systems: their language, the calls made to them, and what comes back."""
