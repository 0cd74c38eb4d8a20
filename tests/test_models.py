"""The declared models match Segmind's documentation."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.models import FaceModel, Parameter
from bot.registry import model_registry
from tests.segmind_docs import FILES, MODELS

REGISTRY = model_registry("cogs")
EVERY_PARAMETER = [(slug, name) for slug, parameters in MODELS.items() for name in parameters]


def parameter(slug: str, name: str) -> Parameter:
    return next(each for each in REGISTRY[slug].parameters() if each.name == name)


def order(slug: str, **changes: Any) -> FaceModel:
    files = {
        name: f"https://files.example/{name}.png" for name in REGISTRY[slug].slots() if name != "mask_image"
    }
    return REGISTRY[slug].model_validate(files | changes)


def test_every_model_is_documented() -> None:
    assert set(REGISTRY) == set(MODELS)


@pytest.mark.parametrize("slug", MODELS)
def test_a_model_has_the_documented_parameters_and_no_others(slug: str) -> None:
    assert {each.name for each in REGISTRY[slug].parameters()} == set(MODELS[slug])


@pytest.mark.parametrize(("slug", "name"), EVERY_PARAMETER)
def test_a_parameter_is_as_documented(slug: str, name: str) -> None:
    declared, documented = parameter(slug, name), MODELS[slug][name]
    assert declared.type is documented.type
    assert declared.required is documented.required
    assert declared.default == documented.default
    assert sorted(declared.choices) == sorted(documented.choices)
    assert (declared.minimum, declared.maximum) == (documented.range or (None, None))
    assert declared.transport is (name == "base64")
    accepts = FILES[slug].get(name)
    assert (declared.slot and declared.slot.accepts) == accepts


@pytest.mark.parametrize(("slug", "name"), EVERY_PARAMETER)
def test_an_undocumented_value_is_refused(slug: str, name: str) -> None:
    documented = MODELS[slug][name]
    wrong: list[Any] = [[], {}]
    if documented.range is not None:
        low, high = documented.range
        wrong += [low - 1, high + 1]
        assert getattr(order(slug, **{name: documented.type(low)}), name) == low
        assert getattr(order(slug, **{name: documented.type(high)}), name) == high
    if documented.choices:
        wrong.append("something else")
    if name in FILES[slug]:
        wrong += ["ftp://files.example/a.png", "a.png", ""]
    for value in wrong:
        with pytest.raises(ValidationError):
            order(slug, **{name: value})


@pytest.mark.parametrize("slug", MODELS)
def test_an_unknown_parameter_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError, match="surprise"):
        order(slug, surprise=1)


@pytest.mark.parametrize("slug", MODELS)
def test_the_body_has_every_parameter_with_a_value(slug: str) -> None:
    silent = {name for name, each in MODELS[slug].items() if not each.required and each.default is None}
    assert set(order(slug).request_body()) == set(MODELS[slug]) - silent


@pytest.mark.parametrize(
    ("given", "kept"), [("0", "0"), ("0,1,2", "0,1,2"), (" 2, 0 ,1", "2,0,1"), ("10", "10"), ("0,0", "0,0")]
)
def test_spaces_in_a_list_of_faces_are_removed(given: str, kept: str) -> None:
    multi = order("faceswap-v3-multifaceswap", source_faces_index=given)
    assert multi.request_body()["source_faces_index"] == kept


@pytest.mark.parametrize(
    "given", ["", "a", "0,", ",0", "0;1", "-1", "0,,1", "1.5", "100", ",".join("0" * 21)]
)
def test_a_list_of_faces_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="input_faces_index"):
        order("faceswap-v3-multifaceswap", input_faces_index=given)


@pytest.mark.parametrize("slug", MODELS)
def test_the_nonce_goes_into_the_first_url_only(slug: str) -> None:
    first, *others = list(REGISTRY[slug].slots())
    plain = order(slug)
    marked = plain.with_nonce("abc").request_body()
    assert marked[first] == f"https://files.example/{first}.png?doppel=abc"
    assert all(marked.get(name) == plain.request_body().get(name) for name in others)


def test_the_nonce_is_appended_to_an_existing_query() -> None:
    signed = order("faceswap-v5", source_image="https://files.example/a.png?ex=1&hm=2")
    assert signed.with_nonce("abc").request_body()["source_image"].endswith("?ex=1&hm=2&doppel=abc")


def test_only_values_that_differ_from_their_default_count_as_chosen() -> None:
    assert order("faceswap-v5").changed_options() == {}
    assert order("faceswap-v5", seed=7, quality=95).changed_options() == {"seed": 7}


@pytest.mark.parametrize("slug", MODELS)
def test_a_form_offers_a_few_existing_options(slug: str) -> None:
    model = REGISTRY[slug]
    plain = [each.name for each in model.parameters() if each.slot is None and not each.transport]
    asked = [each.name for each in model.main_options()]
    assert set(model.card.main) <= set(asked) <= set(plain)
    assert 1 <= len(asked) <= 5


@pytest.mark.parametrize("slug", MODELS)
def test_the_face_and_its_target_are_the_two_files_that_every_model_needs(slug: str) -> None:
    needed = [name for name in FILES[slug] if MODELS[slug][name].required]
    assert [REGISTRY[slug].face_slot(), REGISTRY[slug].target_slot()] == needed
