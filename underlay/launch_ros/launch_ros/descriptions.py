"""Descriptions of parameters."""

from launch.outside_subset import missing_names

from .parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]

__getattr__ = missing_names(__name__, ["ComposableNode"])
