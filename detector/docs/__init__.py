"""The pages that are made from the pack: each rule in plain words with its timelines drawn, and a page for emitters."""
