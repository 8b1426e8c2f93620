"""Tests of appliance.people."""
