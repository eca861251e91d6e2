"""What processes that train have in their environment: it decides bits, and how long a step takes."""

from __future__ import annotations

__all__ = ["ENVIRONMENT", "WORKSPACE"]

WORKSPACE = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""What cuBLAS must find in its environment to add in one order; it is read when CUDA is first used."""

ENVIRONMENT = {
    **WORKSPACE,
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",  # glibc: memory that a step gives back stays with the process, so that
    "MALLOC_TRIM_THRESHOLD_": "4294967296",  # the next one does not have each of its pages zeroed by the system anew
}
"""What worker processes have in their environment beside the parent's."""
