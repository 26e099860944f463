"""The salon in a browser: `hairgan app`. A page, and around it what several people and a network need.

Every edit is a call of `hairgan.editing.salon.Salon`; no picture is computed here. Nothing here imports torch: the
networks load in the background while the page is there already.
"""
