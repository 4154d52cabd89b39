"""The screens: one class a screen, on a handful of widgets that know no CRM words."""
