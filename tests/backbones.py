"""Small members of the kinds of architecture that timm has, by what is peculiar to them."""

import pytest

KINDS = {
    "convolutions with batch norm": "test_resnet",
    "convolutions with layer norm": "test_convnext",
    "convolutions without a norm": "test_nfnet",
    "layers behind the pooling": "mobilenetv3_small_050",
    "transformer of one size": "test_vit3",
    "mixer": "gmlp_ti16_224",
    "hybrid": "levit_128s",
}
each_kind = pytest.mark.parametrize("arch", KINDS.values(), ids=[kind.replace(" ", "_") for kind in KINDS])
