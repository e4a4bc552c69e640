"""The page framework: layout, template macros, assets and languages. Imports no room."""
