"""Let an ONNX network take images of any size: `python -m tools.image_tools.free_size IN OUT`.

Height and width of the first input and the output (batch × height × width × channels) become free.
Right for networks without fixed sizes inside, as Magenta's style transformer. Needs the package
`onnx`, which Studio does not use otherwise.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Change the network that the arguments name."""
    onnx = importlib.import_module("onnx")
    source, target = sys.argv[1:]
    model = onnx.load(source)
    for value in (model.graph.input[0], model.graph.output[0]):
        sizes = value.type.tensor_type.shape.dim
        sizes[1].dim_param, sizes[2].dim_param = "height", "width"
    del model.graph.value_info[:]
    onnx.save(model, target)


if __name__ == "__main__":
    main()
