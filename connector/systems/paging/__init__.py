"""Paging: how one page follows another, one small pure file for each way."""
