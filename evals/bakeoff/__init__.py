"""Class data as bandits, played side by side with well-known libraries."""
