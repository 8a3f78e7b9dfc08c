"""Photographs of any size, format and depth, four times as wide and high."""
