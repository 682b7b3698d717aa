"""Unlearning methods: a file for each, or for a family that shares its parts, and METHODS, the visible registry."""

from unlearning.methods.ascent import AdvancedNegGrad, NegGrad, NegGradPlus
from unlearning.methods.conv_transpose import ConvolutionTranspose
from unlearning.methods.dampening import LossFreeDampening, SelectiveSynapticDampening
from unlearning.methods.disturbed import ActivationNoise, GradientMask
from unlearning.methods.finetune import FineTune
from unlearning.methods.fisher import FisherNoise
from unlearning.methods.l1_sparse import SparseFineTune
from unlearning.methods.last_blocks import CatastrophicForgetting, LastBlocksAnew
from unlearning.methods.msg import MaskedSmallGradients
from unlearning.methods.noise import NoisyStart
from unlearning.methods.prune import PruneAnew
from unlearning.methods.random_labels import GaussianAmnesiac, RandomLabels, RandomLabelsFullRange
from unlearning.methods.reset import Reset
from unlearning.methods.retrain import Retrain
from unlearning.methods.salun import SaliencyUnlearning
from unlearning.methods.scrub import Scrub
from unlearning.methods.sisa import Sisa
from unlearning.methods.stochastic_reset import StochasticReset
from unlearning.methods.teachers import BadTeacher, Blindspot
from unlearning.naming import by_name

METHODS = by_name(
    # what the study runs
    FineTune,
    RandomLabels,
    RandomLabelsFullRange,
    # what the study describes
    Retrain,
    Reset,
    Sisa,
    GradientMask,
    ActivationNoise,
    # of papers on regression
    GaussianAmnesiac,
    Blindspot,
    # ascent on the forget set
    NegGrad,
    NegGradPlus,
    AdvancedNegGrad,
    # distillation
    Scrub,
    BadTeacher,
    StochasticReset,
    # selection of weights
    CatastrophicForgetting,
    LastBlocksAnew,
    SparseFineTune,
    NoisyStart,
    PruneAnew,
    MaskedSmallGradients,
    ConvolutionTranspose,
    SelectiveSynapticDampening,
    LossFreeDampening,
    SaliencyUnlearning,
    FisherNoise,
)
