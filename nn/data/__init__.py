"""Data on its way into a network: read, split, put to one scale, cut into batches."""

from autograd.names import name_after as _name_after

from .dataset import Dataset, Subset, TensorDataset, random_split
from .images import image_folder
from .loader import DataLoader, default_collate
from .sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .scale import Standardize
from .split import train_test_split, train_validation_test_split
from .tables import Table, read_csv, table

__all__ = [
    "BatchSampler", "DataLoader", "Dataset", "RandomSampler", "SequentialSampler", "Standardize",
    "Subset", "SubsetRandomSampler", "Table", "TensorDataset", "WeightedRandomSampler",
    "default_collate", "image_folder", "random_split", "read_csv", "table", "train_test_split",
    "train_validation_test_split",
]  # fmt: skip

_name_after(__name__, [globals()[name] for name in __all__])
