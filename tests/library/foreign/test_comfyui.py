"""ComfyUI: the settings of the sampler that made the image, followed through the graph."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.library.foreign.comfyui import read_comfyui
from studio.library.foreign.metadata import ForeignLora
from studio.library.foreign.reader import read_foreign
from tests.library.foreign.test_parameters import other
from tests.media.image_texts import image_files as files


def node(kind, title="", **inputs):
    return {"inputs": inputs, "class_type": kind, "_meta": {"title": title or kind}}


def sampler(seed=5, denoise=1, latent=("5", 0), **more):
    return node(
        "KSampler",
        **{
            "seed": seed,
            "steps": 20,
            "cfg": 8,
            "sampler_name": "euler_ancestral",
            "scheduler": "karras",
            "denoise": denoise,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": list(latent),
            **more,
        },
    )


DEFAULT = {
    "3": sampler(),
    "4": node("CheckpointLoaderSimple", ckpt_name="SDXL/juggernaut_v9.safetensors"),
    "5": node("EmptyLatentImage", width=832, height=1216, batch_size=2),
    "6": node("CLIPTextEncode", text="a cat, 猫", clip=["4", 1]),
    "7": node("CLIPTextEncode", text="dog", clip=["4", 1]),
    "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
}


def changed(**nodes):
    return {**DEFAULT, **{key.removeprefix("n"): value for key, value in nodes.items()}}


def check_default(found):
    assert (found.program, found.prompt, found.negative_prompt) == ("ComfyUI", "a cat, 猫", "dog")
    assert (found.seed, found.steps, found.guidance) == (5, 20, 8.0)
    assert (found.sampler, found.schedule) == ("euler_ancestral", "karras")
    assert (found.width, found.height) == (832, 1216)
    assert found.model == "juggernaut_v9"
    assert found.strength is None
    assert found.notes == ()


def test_the_default_graph(tmp_path):
    source = {**DEFAULT, "1": {**node("Note"), "is_changed": [float("nan")]}}
    path = files.png(tmp_path / "a.png", {"prompt": json.dumps(source), "workflow": "{}"})
    found = read_foreign(path)
    check_default(found)
    assert other(found, "Batch size") == "2"


def test_webp_and_json_in_a_comment(tmp_path):
    text = json.dumps(DEFAULT)
    tags = {0x0110: (2, f"prompt:{text}\0".encode()), 0x010F: (2, b"workflow:{}\0")}
    check_default(read_foreign(files.webp(tmp_path / "a.webp", files.exif(tags))))
    both = json.dumps({"prompt": DEFAULT, "workflow": {"nodes": []}})
    data = files.exif({}, {0x9286: files.user_comment(both)})
    check_default(read_foreign(files.jpeg(tmp_path / "a.jpg", data)))


def test_loras_clip_skip_and_vae():
    graph = changed(
        n3=sampler(model=["11", 0]),
        n10=node(
            "LoraLoader", lora_name="first.safetensors", strength_model=0.8, strength_clip=1,
            model=["4", 0], clip=["4", 1],
        ),
        n11=node("LoraLoaderModelOnly", lora_name="second.safetensors", strength_model=0.5,
                 model=["12", 0]),
        n12=node("ModelSamplingDiscrete", sampling="eps", model=["13", 0]),
        n13=node(
            "Power Lora Loader (rgthree)", model=["10", 0], clip=["10", 1],
            lora_1={"on": True, "lora": "third.safetensors", "strength": 0.3},
            lora_2={"on": False, "lora": "off.safetensors", "strength": 1},
        ),
        n14=node("CLIPSetLastLayer", stop_at_clip_layer=-2, clip=["10", 1]),
        n6=node("CLIPTextEncode", text="a cat", clip=["14", 0]),
        n15=node("VAELoader", vae_name="fix.safetensors"),
        n8=node("VAEDecode", samples=["3", 0], vae=["15", 0]),
    )  # fmt: skip
    found = read_comfyui(graph)
    assert found.loras == (
        ForeignLora("first", 0.8), ForeignLora("third", 0.3), ForeignLora("second", 0.5)
    )  # fmt: skip
    assert (found.clip_skip, found.vae, found.model) == (2, "fix", "juggernaut_v9")


def test_texts_through_other_nodes():
    graph = changed(
        n3=sampler(positive=["20", 0], negative=["20", 1]),
        n20=node(
            "ControlNetApplyAdvanced", "Canny", strength=0.6, positive=["21", 0],
            negative=["7", 0], control_net=["22", 0], image=["23", 0],
        ),
        n21=node("ConditioningCombine", conditioning_1=["24", 0], conditioning_2=["25", 0]),
        n22=node("ControlNetLoader", control_net_name="canny.safetensors"),
        n23=node("LoadImage", image="edges.png"),
        n24=node("CLIPTextEncode", text=["26", 0], clip=["4", 1]),
        n25=node("ConditioningConcat", conditioning_to=["6", 0], conditioning_from=["27", 0]),
        n26=node("StringConcatenate", string_a=["28", 0], string_b="night", delimiter=" at "),
        n27=node("CLIPTextEncodeSDXL", text_g="wide", text_l="wide", width=1024, clip=["4", 1]),
        n28=node("PrimitiveString", value="a house"),
        n7=node("ConditioningZeroOut", conditioning=["6", 0]),
    )  # fmt: skip
    found = read_comfyui(graph)
    assert found.prompt == "a house at night, a cat, 猫, wide"
    assert found.negative_prompt == ""
    assert other(found, "Control Canny") == "0.6"
    assert (found.width, found.height) == (832, 1216)
    assert other(found, "Start image") is None


def test_flux_with_a_custom_sampler():
    graph = {
        "1": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "2": node("DualCLIPLoader", clip_name1="t5xxl.safetensors"),
        "3": node("CLIPTextEncode", text="a cat", clip=["2", 0]),
        "4": node("FluxGuidance", guidance=3.5, conditioning=["3", 0]),
        "5": node("BasicGuider", model=["12", 0], conditioning=["4", 0]),
        "6": node("RandomNoise", noise_seed=2**60),
        "7": node("KSamplerSelect", sampler_name="euler"),
        "8": node("BasicScheduler", scheduler="simple", steps=24, denoise=1.0, model=["12", 0]),
        "9": node("EmptySD3LatentImage", width=["13", 0], height=1024, batch_size=1),
        "10": node(
            "SamplerCustomAdvanced", noise=["6", 0], guider=["5", 0], sampler=["7", 0],
            sigmas=["8", 0], latent_image=["9", 0],
        ),
        "11": node("VAEDecode", samples=["10", 0], vae=["14", 0]),
        "12": node("ModelSamplingFlux", max_shift=1.15, model=["1", 0], width=["13", 0]),
        "13": node("PrimitiveInt", value=768),
        "14": node("VAELoader", vae_name="ae.safetensors"),
        "15": node("SaveImage", images=["11", 0], filename_prefix="x"),
    }  # fmt: skip
    found = read_comfyui(graph)
    assert (found.prompt, found.negative_prompt, found.guidance) == ("a cat", "", 3.5)
    assert (found.seed, found.steps, found.sampler) == (2**60, 24, "euler")
    assert (found.schedule, found.model, found.vae) == ("simple", "flux1-dev", "ae")
    assert (found.width, found.height) == (768, 1024)


def test_two_passes_the_first_one_counts():
    graph = changed(
        n30=sampler(seed=77, denoise=0.5, latent=("31", 0)),
        n31=node("LatentUpscaleBy", scale_by=1.5, samples=["3", 0]),
        n8=node("VAEDecode", samples=["30", 0], vae=["4", 2]),
    )
    found = read_comfyui(graph)
    check_default(found)
    later = other(found, "Later sampler KSampler")
    assert "seed 77" in later
    assert "denoise 0.5" in later


def test_a_second_pass_that_keeps_nothing_counts():
    graph = changed(
        n30=sampler(seed=77, latent=("3", 0)),
        n8=node("VAEDecode", samples=["30", 0], vae=["4", 2]),
    )
    assert read_comfyui(graph).seed == 77


def advanced(seed, start, end, latent):
    return node(
        "KSamplerAdvanced", add_noise="enable", noise_seed=seed, steps=25, cfg=7,
        sampler_name="dpmpp_2m", scheduler="normal", start_at_step=start, end_at_step=end,
        model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=latent,
    )  # fmt: skip


def test_base_and_refiner():
    graph = changed(
        n3=advanced(9, 0, 20, ["5", 0]),
        n30=advanced(0, 20, 10_000, ["3", 0]),
        n8=node("VAEDecode", samples=["30", 0], vae=["4", 2]),
    )
    found = read_comfyui(graph)
    assert (found.seed, found.steps, found.sampler) == (9, 25, "dpmpp_2m")


def test_the_save_node_is_found_by_the_file_name():
    graph = changed(
        n30=sampler(seed=77),
        n31=node("VAEDecode", samples=["30", 0], vae=["4", 2]),
        n32=node("SaveImage", filename_prefix="other/second", images=["31", 0]),
        n33=node("PreviewImage", images=["31", 0]),
    )
    assert read_comfyui(graph, "ComfyUI_00001_.png").seed == 5
    assert read_comfyui(graph, "second_00001_.png").seed == 77


def test_the_last_pass_is_preferred_where_no_file_name_fits():
    graph = changed(
        n30=sampler(seed=77, denoise=0.5, latent=("3", 0)),
        n31=node("VAEDecode", samples=["30", 0], vae=["4", 2]),
        n32=node("SaveImage", filename_prefix="other", images=["31", 0]),
    )
    found = read_comfyui(graph, "renamed.png")
    assert "seed 77" in other(found, "Later sampler KSampler")
    assert other(read_comfyui(graph, "ComfyUI_1.png"), "Later sampler KSampler") is None


def test_merged_models_are_listed():
    graph = changed(
        n3=sampler(model=["20", 0]),
        n20=node("ModelMergeSimple", ratio=0.5, model1=["4", 0], model2=["21", 0]),
        n21=node("CheckpointLoaderSimple", ckpt_name="second.safetensors"),
    )
    found = read_comfyui(graph)
    assert found.model == ""
    assert other(found, "Merged models") == "juggernaut_v9, second"


def test_a_node_that_adds_its_text_to_a_conditioning():
    graph = changed(
        n3=sampler(positive=["20", 0]),
        n20=node("GLIGENTextboxApply", text="sun", conditioning_to=["6", 0], clip=["4", 1]),
    )
    assert read_comfyui(graph).prompt == "a cat, 猫, sun"


def test_image_to_image():
    graph = changed(
        n3=sampler(denoise=0.6, latent=("40", 0)),
        n40=node("VAEEncode", pixels=["41", 0], vae=["4", 2]),
        n41=node("LoadImage", image="photo.png"),
    )
    found = read_comfyui(graph)
    assert (found.strength, found.width) == (0.6, None)
    assert other(found, "Start image") == "photo.png"


def test_a_loader_with_prompts_and_a_sampler_with_a_pipe():
    graph = {
        "1": node("Efficient Loader", ckpt_name="m.ckpt", positive="a cat", negative="dog",
                  empty_latent_width=512, empty_latent_height=640, lora_name="None"),
        "2": node(
            "KSampler (Efficient)", seed=["3", 0], steps=9, cfg=6, sampler_name="heun",
            scheduler="normal", denoise=1, model=["1", 0], positive=["1", 1], negative=["1", 2],
            latent_image=["1", 3],
        ),
        "3": node("Seed (rgthree)", seed=11),
        "4": node("Image Save", images=["2", 5]),
    }  # fmt: skip
    found = read_comfyui(graph)
    assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
    assert (found.seed, found.model, found.loras) == (11, "m", ())


def test_cycles_and_missing_nodes_end():
    graph = changed(
        n3=sampler(positive=["20", 0], model=["21", 0], latent=("8", 0), denoise=0.5),
        n20=node("ConditioningCombine", conditioning_1=["20", 0], conditioning_2=["22", 0]),
        n21=node("LoraLoader", lora_name="x", strength_model=1, model=["21", 0]),
        n22=node("CLIPTextEncode", text=["23", 0]),
        n23=node("StringConcatenate", string_a=["23", 0], string_b=["24", 0]),
        n24=node("Reroute", **{"": ["24", 0]}),
        n7=node("CLIPTextEncode", text=["99", 0]),
    )
    found = read_comfyui(graph)
    assert (found.seed, found.prompt, found.negative_prompt) == (5, "", "")


def test_a_graph_without_a_sampler_says_so(tmp_path):
    graph = {"1": node("LoadImage", image="a.png"), "2": node("SaveImage", images=["1", 0])}
    text = json.dumps(graph)
    found = read_foreign(files.png(tmp_path / "a.png", {"prompt": text}))
    assert found.notes == ("The graph has no sampler that Studio recognizes.",)
    parameters = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 8, Version: ComfyUI"
    found = read_foreign(files.png(tmp_path / "a.png", {"prompt": text, "parameters": parameters}))
    assert (found.program, found.seed) == ("ComfyUI", 8)


# Workflows
# ----------------------------------------------------------------------


def editor_node(number, kind, widgets=(), inputs=(), outputs=(), mode=0):
    return {
        "id": number,
        "type": kind,
        "mode": mode,
        "inputs": [{"name": name, "type": sort, "link": link} for name, sort, link in inputs],
        "outputs": [{"name": sort, "type": sort} for sort in outputs],
        "widgets_values": list(widgets),
    }


def workflow(*, lora_mode=0):
    nodes = [
        editor_node(
            3, "KSampler", [5, "randomize", 20, 8, "euler_ancestral", "karras", 1],
            [("model", "MODEL", 10), ("positive", "CONDITIONING", 4),
             ("negative", "CONDITIONING", 6), ("latent_image", "LATENT", 2)], ["LATENT"],
        ),
        editor_node(4, "CheckpointLoaderSimple", ["juggernaut_v9.safetensors"],
                    outputs=["MODEL", "CLIP", "VAE"]),
        editor_node(5, "EmptyLatentImage", [832, 1216, 1], outputs=["LATENT"]),
        editor_node(6, "CLIPTextEncode", ["old text"],
                    [("clip", "CLIP", 3), ("text", "STRING", 12)], ["CONDITIONING"]),
        editor_node(7, "CLIPTextEncode", ["dog"], [("clip", "CLIP", 5)], ["CONDITIONING"]),
        editor_node(8, "VAEDecode", inputs=[("samples", "LATENT", 7)], outputs=["IMAGE"]),
        editor_node(9, "SaveImage", ["ComfyUI"], [("images", "IMAGE", 9)]),
        editor_node(11, "LoraLoader", ["a.safetensors", 0.5, 1],
                    [("model", "MODEL", 1), ("clip", "CLIP", 11)], ["MODEL", "CLIP"], lora_mode),
        editor_node(12, "PrimitiveNode", ["a cat, 猫"], outputs=["STRING"]),
        editor_node(13, "Note", ["a note"]),
        editor_node(14, "KSampler", [99, "fixed", 1, 1, "ddim", "normal", 1],
                    [("latent_image", "LATENT", 2)], ["LATENT"], mode=2),
    ]  # fmt: skip
    links = [
        [1, 4, 0, 11, 0, "MODEL"], [2, 5, 0, 3, 3, "LATENT"], [3, 4, 1, 6, 0, "CLIP"],
        [4, 6, 0, 3, 1, "CONDITIONING"], [5, 4, 1, 7, 0, "CLIP"],
        [6, 7, 0, 3, 2, "CONDITIONING"], [7, 3, 0, 8, 0, "LATENT"], [9, 8, 0, 9, 0, "IMAGE"],
        [10, 11, 0, 3, 0, "MODEL"], [11, 4, 1, 11, 1, "CLIP"], [12, 12, 0, 6, 1, "STRING"],
    ]  # fmt: skip
    return {"nodes": nodes, "links": links, "version": 0.4}


def test_a_file_with_the_workflow_only(tmp_path):
    path = files.png(tmp_path / "a.png", {"workflow": json.dumps(workflow())})
    found = read_foreign(path)
    check_default(found)
    assert found.loras == (ForeignLora("a", 0.5),)


def test_a_bypassed_node_passes_on_its_input():
    found = read_comfyui(workflow(lora_mode=4))
    check_default(found)
    assert found.loras == ()


def test_a_bypassed_node_with_two_inputs_of_a_type():
    source = workflow()
    source["nodes"].append(
        editor_node(
            70, "ControlNetApplyAdvanced", [1, 0, 1],
            [("positive", "CONDITIONING", 4), ("negative", "CONDITIONING", 6)],
            ["CONDITIONING", "CONDITIONING"], 4,
        )
    )  # fmt: skip
    source["links"] += [[20, 70, 0, 3, 1, "CONDITIONING"], [21, 70, 1, 3, 2, "CONDITIONING"]]
    sampler_inputs = source["nodes"][0]["inputs"]
    sampler_inputs[1]["link"], sampler_inputs[2]["link"] = 20, 21
    check_default(read_comfyui(source))


def test_nodes_that_are_known_by_a_part_of_their_type():
    source = workflow()
    for entry in source["nodes"]:
        entry["type"] = {
            "EmptyLatentImage": "EmptyFluxLatentImage", "CLIPTextEncode": "TextEncodeQwenImage"
        }.get(entry["type"], entry["type"])  # fmt: skip
    check_default(read_comfyui(source))


def test_widgets_that_the_node_lists():
    source = workflow()
    source["nodes"][0]["type"] = "A custom sampler"
    names = ["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"]
    source["nodes"][0]["inputs"] += [
        {"name": name, "link": None, "widget": {"name": name}} for name in names
    ]
    check_default(read_comfyui(source))


def with_subgraph(*, mode=0):
    """The workflow with its sampler, negative prompt and latent inside a subgraph."""
    source = workflow()
    inside = {3, 5, 7}
    inner = [entry for entry in source["nodes"] if entry["id"] in inside]
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    links = [dict(zip(names, link, strict=True)) for link in source["links"]]
    for link in links:
        if link["target_id"] in inside and link["origin_id"] not in inside:
            slot = {10: 0, 4: 1, 5: 2}[link["id"]]
            link |= {"origin_id": -10, "origin_slot": slot}
        elif link["origin_id"] in inside and link["target_id"] not in inside:
            link |= {"target_id": -20, "target_slot": 0}
    sub = {
        "id": "0a1b-uuid",
        "inputs": [{"name": "model"}, {"name": "positive"}, {"name": "clip"}],
        "nodes": inner,
        "links": [link for link in links if {link["target_id"], link["origin_id"]} & inside],
    }
    instance = editor_node(
        50, sub["id"], [],
        [("clip", "CLIP", 5), ("model", "MODEL", 10), ("positive", "CONDITIONING", 4)],
        ["LATENT"], mode,
    )  # fmt: skip
    outer = [entry for entry in source["nodes"] if entry["id"] not in inside]
    moved = [
        [50 if part in inside and place in (1, 3) else part for place, part in enumerate(link)]
        for link in source["links"]
    ]
    moved = [[*link[:2], 0, *link[3:]] if link[1] == 50 else link for link in moved]
    return {
        "nodes": [*outer, instance], "links": moved, "definitions": {"subgraphs": [sub]}
    }  # fmt: skip


def test_subgraphs_are_opened():
    found = read_comfyui(with_subgraph())
    check_default(found)
    assert found.loras == (ForeignLora("a", 0.5),)


def test_muted_and_endless_subgraphs():
    assert "no sampler" in read_comfyui(with_subgraph(mode=2)).notes[0]
    source = with_subgraph()
    sub = source["definitions"]["subgraphs"][0]
    sub["nodes"] = [*sub["nodes"], *(editor_node(60 + n, sub["id"]) for n in range(5))]
    assert read_comfyui(source).seed == 5


# Anything
# ----------------------------------------------------------------------

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["3", "4", "KSampler", "euler", "SaveImage"])
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
LINKS = st.tuples(st.sampled_from("3456789"), st.integers(0, 3)).map(list)
NAMES = st.sampled_from(
    [name for value in DEFAULT.values() for name in value["inputs"]]
    + ["noise", "sigmas", "guider", "conditioning", "pipe", "string_a", "string_b", "", "value"]
)
KINDS = st.sampled_from([value["class_type"] for value in DEFAULT.values()] + ["Reroute", "X"])
NODES = st.fixed_dictionaries(
    {"class_type": KINDS, "inputs": st.dictionaries(NAMES, LINKS | ANYTHING, max_size=8)}
)


@given(st.dictionaries(st.sampled_from("3456789"), NODES | ANYTHING))
def test_any_graph_is_read_without_an_error(graph):
    read_comfyui(graph)
    read_comfyui({**DEFAULT, **graph})


@given(st.data())
def test_any_workflow_is_read_without_an_error(data):
    source = workflow()
    for _ in range(data.draw(st.integers(1, 5))):
        target = data.draw(st.sampled_from(source["nodes"]))
        target[data.draw(st.sampled_from(sorted(target)))] = data.draw(ANYTHING)
    source[data.draw(st.sampled_from(["links", "version", "nodes"]))] = data.draw(ANYTHING)
    read_comfyui(source)
    source = with_subgraph()
    target = data.draw(st.sampled_from([*source["nodes"], source["definitions"]["subgraphs"][0]]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(ANYTHING)
    read_comfyui(source)
    read_comfyui({**workflow(), "links": source["links"]})


@pytest.mark.parametrize("depth", [500, 900, 100_000])
def test_deep_json(tmp_path, depth):
    deep = "[" * depth + "]" * depth
    text = f'{{"3": {{"class_type": "KSampler", "inputs": {{"text": {deep}, "steps": {deep}}}}}}}'
    for keyword in ("prompt", "parameters", "invokeai_metadata", "sd-metadata", "Comment"):
        read_foreign(files.png(tmp_path / "a.png", {keyword: text, "Software": "NovelAI"}))


def test_a_chain_of_thousands_of_nodes_ends():
    chain = {
        str(index): node("LoraLoader", lora_name=f"l{index}", model=[str(index + 1), 0])
        for index in range(1_000, 9_000)
    }
    found = read_comfyui({**changed(n3=sampler(model=["1000", 0])), **chain})
    assert found.seed == 5
    assert len(found.loras) <= 64
