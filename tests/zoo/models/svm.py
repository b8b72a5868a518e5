"""Support vector machines."""

from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR, OneClassSVM

from answers import swapped_sides
from features import integers, numbers
from model import Model
from targets import amount, three, three_words, two, two_codes, two_words

KERNELS = ["linear", "poly", "rbf", "sigmoid"]

REGRESSORS = [Model(f"svr_{kernel}", SVR(kernel=kernel), numbers, amount) for kernel in KERNELS] + [
    Model("svr_integers", SVR(), integers, amount),
    Model("nu_svr", NuSVR(), numbers, amount),
    Model("linear_svr", LinearSVR(random_state=0), numbers, amount),
]

CLASSIFIERS = (
    [Model(f"svc_{kernel}_two", SVC(kernel=kernel), numbers, two, ["predict", swapped_sides]) for kernel in KERNELS]
    + [Model(f"svc_{kernel}_three", SVC(kernel=kernel), numbers, three_words) for kernel in KERNELS]
    + [
        Model("svc_probability_two", SVC(probability=True, random_state=0), numbers, two),
        Model("svc_probability_two_words", SVC(probability=True, random_state=0), numbers, two_words),
        Model("svc_two_codes", SVC(), numbers, two_codes, ["predict", swapped_sides]),
        Model("svc_probability_three", SVC(probability=True, random_state=0), numbers, three),
        Model("svc_probability_linear", SVC(kernel="linear", probability=True, random_state=0), numbers, three),
        Model("svc_one_versus_one", SVC(decision_function_shape="ovo"), numbers, three),
        Model("nu_svc_two", NuSVC(probability=True, random_state=0), numbers, two),
        Model("nu_svc_three", NuSVC(), numbers, three),
        Model("linear_svc_two", LinearSVC(random_state=0), numbers, two, ["predict", "decision_function"], None),
        Model("linear_svc_three", LinearSVC(random_state=0), numbers, three, options=None),
        Model("one_class_svm", OneClassSVM(nu=0.2), numbers),
    ]
)

MODELS = REGRESSORS + CLASSIFIERS
