"""Pages: their shell, components as template macros, assets and languages. Knows no room."""
