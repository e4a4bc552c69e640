"""Infrastructure that every room uses; contains nothing about supply chains."""
