"""What llama.cpp computes for a text does not depend on the texts beside it."""

import hashlib

import pytest

from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.engine.protocol import JobContext
from studio.engine.text import generate as text
from studio.engine.text.gguf_context import GgufPipeline
from studio.engine.text.logprobs import LogprobRecorder
from studio.models import llama_cpp
from studio.models.card import ModelCard
from tests.models.made import make_gguf

pytestmark = pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
Q8_0, Q4_K_M = 7, 15
"""llama.cpp's ids of files: it reorders the weights of the second kind if it may. Products of
float32 weights, which the tiny file has, are rounded by the number of rows.
"""
WORDS = ("The quick brown fox jumps over the lazy dog. " * 60).split()


@pytest.fixture(params=[Q8_0, Q4_K_M])
def pipeline(tmp_path, request):
    binding, path = llama_cpp.binding(), tmp_path / "small.gguf"
    settings = binding.LlamaModelQuantizeParams()
    settings.ftype = request.param
    source = make_gguf(tmp_path / "tiny.gguf", positions=2048, width=256)  # a block of Q4_K
    binding.model_quantize(str(source), str(path), settings)
    model = llama_cpp.open_model(path)
    return GgufPipeline(model, llama_cpp.Tokenizer(model, chat=False))


def test_logits_do_not_depend_on_the_texts_beside(pipeline, monkeypatch):
    """Lengths for which llama.cpp has different kernels, with shorter and longer neighbors."""
    card = ModelCard(
        name="tiny", title="Tiny", kind="text", family="llama", runner=llama_cpp.RUNNER
    )
    seen = {}
    offer = LogprobRecorder.offer

    def record(recorder, logits):
        seen[recorder] = seen.get(recorder, b"") + hashlib.sha256(logits.tobytes()).digest()
        offer(recorder, logits)

    monkeypatch.setattr(LogprobRecorder, "offer", record)

    def logits(*prompts):
        """Return a digest of all logits of each prompt."""
        seen.clear()
        pipeline.prompts.clear()
        requests = [
            TextRequest(prompt=" ".join(words), seed=5, max_new_tokens=6, top_logprobs=1)
            for words in prompts
        ]
        jobs = [
            JobContext(new_job(one, "/nowhere"), card, lambda _event: None, lambda: False)
            for one in requests
        ]
        list(text.run_batch(jobs, pipeline))
        return set(seen.values())

    prompts = [WORDS[:count] for count in (1, 20, 60, 200)]
    together = logits(*prompts)
    assert len(together) == len(prompts)
    assert set.union(*map(logits, prompts)) == together
