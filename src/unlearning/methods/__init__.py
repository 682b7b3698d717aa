"""Unlearning methods: one file each, and METHODS, the visible registry."""

from unlearning.methods.activation import ActivationNoise
from unlearning.methods.adv_neggrad import AdvancedNegGrad
from unlearning.methods.amnesiac import GaussianAmnesiac
from unlearning.methods.bad_teacher import BadTeacher
from unlearning.methods.blindspot import Blindspot
from unlearning.methods.cfk import CatastrophicForgetting
from unlearning.methods.conv_transpose import ConvolutionTranspose
from unlearning.methods.euk import LastBlocksAnew
from unlearning.methods.finetune import FineTune
from unlearning.methods.fisher import FisherNoise
from unlearning.methods.gradmask import GradientMask
from unlearning.methods.l1_sparse import SparseFineTune
from unlearning.methods.lfssd import LossFreeDampening
from unlearning.methods.msg import MaskedSmallGradients
from unlearning.methods.neggrad import NegGrad
from unlearning.methods.neggrad_plus import NegGradPlus
from unlearning.methods.noise import NoisyStart
from unlearning.methods.prune import PruneAnew
from unlearning.methods.random_labels import RandomLabels
from unlearning.methods.reset import Reset
from unlearning.methods.retrain import Retrain
from unlearning.methods.rnd_full import RandomLabelsFullRange
from unlearning.methods.salun import SaliencyUnlearning
from unlearning.methods.scrub import Scrub
from unlearning.methods.sisa import Sisa
from unlearning.methods.ssd import SelectiveSynapticDampening
from unlearning.methods.stochastic_reset import StochasticReset
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
