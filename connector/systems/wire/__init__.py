"""Typed values to and from what travels: numbers, dates, forms, JSON, whole fields."""
