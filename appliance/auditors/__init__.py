"""Django's admin for auditors: everything can be looked at, nothing can be changed."""
