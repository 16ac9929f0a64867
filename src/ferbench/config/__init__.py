"""From yaml to objects: composing, binding, settings.

With ``app`` the only room that knows hydra and omegaconf.
"""
