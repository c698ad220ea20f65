"""Measurements: always two contenders side by side in one run, alternating, told as medians of ratios."""
