"""Tests of the internal interface."""
