"""Rules for every page and for the book as a whole: links, sections, owners, age, secrets."""
