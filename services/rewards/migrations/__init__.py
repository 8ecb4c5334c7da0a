"""The schema of `rewards`, change by change."""
