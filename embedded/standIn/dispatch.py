"""Stands in for a Triton backend that the embedded environment has not: runs model.py of the version's folder.

Triton takes a model.py in a backend's folder for a backend that is written in Python. The node agent puts one into the
folder of each version that it stands in for.
"""

import importlib.util
import os

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        complete = getattr(version_model(), "auto_complete_config", None)
        return config if complete is None else complete(config)

    def initialize(self, args):
        self.model = version_model()()
        if hasattr(self.model, "initialize"):
            self.model.initialize(args)

    def execute(self, requests):
        return self.model.execute(requests)

    def finalize(self):
        if hasattr(self.model, "finalize"):
            self.model.finalize()


def version_model():
    path = os.path.join(pb_utils.get_model_dir(), "model.py")
    spec = importlib.util.spec_from_file_location("version_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TritonPythonModel
