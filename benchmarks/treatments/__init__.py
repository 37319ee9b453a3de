"""Sick trainings of our own engine, treated, untreated and randomly changed."""
