"""Rules, conditions, limits, activities, and what they give."""
