"""SRGAN knowledge distillation as a DVC pipeline (Lee and Park, 2021)."""
