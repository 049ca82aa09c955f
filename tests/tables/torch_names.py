"""What PyTorch 2.13 has for networks, by module, and why some of it is not here.

docs/build/generate.py makes a page of it; tests/parity/test_names_torch.py compares the list with
PyTorch itself, and the arguments of what both have.
"""

from __future__ import annotations

# ruff: noqa: SIM905 - a list of a hundred names reads better as text

LAZY = "its sizes are known only at the first call, when the optimizer already holds the parameters"
INDICES = "the function without `_with_indices` has `return_indices=True`"
OLD = "an older name, deprecated in PyTorch"
INTERNAL = "part of PyTorch's own machinery"
LOW = "a product of low-precision matrices, for accelerators"

#: All names of each module.
PYTORCH: dict[str, list[str]] = {
    "nn": """
        AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss
        AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d
        AvgPool3d BCELoss BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear CELU
        CTCLoss ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d
        ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
        CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d DataParallel Dropout
        Dropout1d Dropout2d Dropout3d ELU Embedding EmbeddingBag FeatureAlphaDropout Flatten Fold
        FractionalMaxPool2d FractionalMaxPool3d GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm
        Hardshrink Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity
        InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss LPPool1d LPPool2d LPPool3d
        LSTM LSTMCell LayerNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d
        LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d
        LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LeakyReLU Linear
        LinearCrossEntropyLoss LocalResponseNorm LogSigmoid LogSoftmax MSELoss MarginRankingLoss
        MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict
        ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention
        NLLLoss NLLLoss2d PReLU PairwiseDistance ParameterDict ParameterList PixelShuffle
        PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase RNNCell RNNCellBase RReLU ReLU ReLU6
        ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
        ReplicationPad3d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d
        Softmin Softplus Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer
        TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer
        TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold Upsample
        UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d
    """.split(),
    "nn.functional": """
        adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices
        adaptive_max_pool3d adaptive_max_pool3d_with_indices affine_grid alpha_dropout avg_pool1d
        avg_pool2d avg_pool3d batch_norm bilinear binary_cross_entropy
        binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv3d conv_tbc
        conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity
        cross_entropy ctc_loss dropout dropout1d dropout2d dropout3d elu embedding embedding_bag
        feature_alpha_dropout fold fractional_max_pool2d fractional_max_pool2d_with_indices
        fractional_max_pool3d fractional_max_pool3d_with_indices gaussian_nll_loss gelu glu
        grid_sample group_norm grouped_mm gumbel_softmax hardshrink hardsigmoid hardswish hardtanh
        hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm
        leaky_relu linear linear_cross_entropy local_response_norm log_softmax logsigmoid lp_pool1d
        lp_pool2d lp_pool3d margin_ranking_loss max_pool1d max_pool1d_with_indices max_pool2d
        max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool1d max_unpool2d
        max_unpool3d mish mse_loss multi_head_attention_forward multi_margin_loss
        multilabel_margin_loss multilabel_soft_margin_loss native_channel_shuffle nll_loss normalize
        one_hot pad pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu
        relu relu6 rms_norm rrelu scaled_dot_product_attention scaled_grouped_mm scaled_mm selu
        sigmoid silu smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign
        tanh tanhshrink threshold triplet_margin_loss triplet_margin_with_distance_loss unfold
        upsample upsample_bilinear upsample_nearest
    """.split(),
    "nn.init": """
        constant_ dirac_ eye_ kaiming_normal_ kaiming_uniform_ normal_ ones_ orthogonal_ sparse_
        trunc_normal_ uniform_ xavier_normal_ xavier_uniform_ zeros_
    """.split(),
    "nn.utils": """
        clip_grad_norm clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_
        convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format fuse_conv_bn_eval
        fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights get_total_norm
        parameters_to_vector remove_spectral_norm remove_weight_norm skip_init spectral_norm
        vector_to_parameters weight_norm
    """.split(),
    "nn.utils.rnn": """
        PackedSequence invert_permutation pack_padded_sequence pack_sequence pad_packed_sequence
        pad_sequence unpack_sequence unpad_sequence
    """.split(),
    "distributions": """
        AbsTransform AffineTransform Bernoulli Beta Binomial CatTransform Categorical Cauchy Chi2
        ComposeTransform ContinuousBernoulli CorrCholeskyTransform CumulativeDistributionTransform
        Dirichlet Distribution ExpTransform Exponential ExponentialFamily FisherSnedecor Gamma
        GeneralizedPareto Geometric Gumbel HalfCauchy HalfNormal Independent IndependentTransform
        InverseGamma Kumaraswamy LKJCholesky Laplace LogNormal LogisticNormal
        LowRankMultivariateNormal LowerCholeskyTransform MixtureSameFamily Multinomial
        MultivariateNormal NegativeBinomial Normal OneHotCategorical
        OneHotCategoricalStraightThrough Pareto Poisson PositiveDefiniteTransform PowerTransform
        RelaxedBernoulli RelaxedOneHotCategorical ReshapeTransform SigmoidTransform
        SoftmaxTransform SoftplusTransform StackTransform StickBreakingTransform StudentT
        TanhTransform Transform TransformedDistribution Uniform VonMises Weibull Wishart biject_to
        identity_transform kl_divergence register_kl transform_to
    """.split(),
    "optim": """
        Adafactor Adadelta Adagrad Adam Adamax AdamW ASGD LBFGS Muon NAdam Optimizer RAdam RMSprop
        Rprop SGD SparseAdam
    """.split(),
    "optim.lr_scheduler": """
        LambdaLR MultiplicativeLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR SequentialLR
        CosineAnnealingLR ChainedScheduler ReduceLROnPlateau CyclicLR CosineAnnealingWarmRestarts
        OneCycleLR PolynomialLR LRScheduler
    """.split(),
}

#: Names of PyTorch that plaingrad leaves out, by the module they are in, and why.
MISSING: dict[str, dict[str, str]] = {
    "nn": {
        "AdaptiveLogSoftmaxWithLoss": "for very large vocabularies; CrossEntropyLoss",
        "Container": OLD + ": Module",
        "CrossMapLRN2d": OLD + ": LocalResponseNorm",
        "DataParallel": "for several GPUs",
        "FractionalMaxPool2d": "hardly used; MaxPool2d, AdaptiveMaxPool2d",
        "FractionalMaxPool3d": "hardly used; MaxPool3d, AdaptiveMaxPool3d",
        **{
            f"Lazy{name}": LAZY
            for kind in ("BatchNorm", "Conv", "ConvTranspose", "InstanceNorm")
            for name in (f"{kind}{n}d" for n in (1, 2, 3))
        },
        "LazyLinear": LAZY,
        "LinearCrossEntropyLoss": "a fusion that saves memory; Linear, then CrossEntropyLoss",
        "NLLLoss2d": OLD + ": NLLLoss",
        "RNNBase": INTERNAL + "; RNN, LSTM, GRU are here",
        "RNNCellBase": INTERNAL + "; RNNCell, LSTMCell, GRUCell are here",
        "SyncBatchNorm": "for several processes",
    },
    "nn.functional": {
        **{
            f"{kind}_max_pool{n}d_with_indices": INDICES
            for kind in ("adaptive", "fractional")
            for n in (1, 2, 3)
            if (kind, n) != ("fractional", 1)
        },
        **{f"max_pool{n}d_with_indices": INDICES for n in (1, 2, 3)},
        "affine_grid": "sampling on a grid is not here",
        "conv_tbc": "conv1d with the axes in another order",
        "fractional_max_pool2d": "hardly used; max_pool2d, adaptive_max_pool2d",
        "fractional_max_pool3d": "hardly used; max_pool3d, adaptive_max_pool3d",
        "grid_sample": "sampling on a grid is not here",
        "grouped_mm": LOW,
        "linear_cross_entropy": "a fusion that saves memory; linear, then cross_entropy",
        "multi_head_attention_forward": "MultiheadAttention, whose arguments it takes one by one",
        "native_channel_shuffle": "channel_shuffle",
        "pdist": "pairwise_distance with x[:, None] and x[None]",
        "scaled_grouped_mm": LOW,
        "scaled_mm": LOW,
        "upsample": OLD + ": interpolate",
        "upsample_bilinear": OLD + ": interpolate",
        "upsample_nearest": OLD + ": interpolate",
    },
    "nn.init": {},
    "nn.utils": {
        "clip_grads_with_norm_": "the second half of clip_grad_norm_",
        "get_total_norm": "what clip_grad_norm_ returns",
        "fuse_conv_bn_eval": "for deployment",
        "fuse_conv_bn_weights": "for deployment",
        "fuse_linear_bn_eval": "for deployment",
        "fuse_linear_bn_weights": "for deployment",
        "clip_grad_norm": OLD + ": clip_grad_norm_",
        "convert_conv2d_weight_memory_format": INTERNAL,
        "convert_conv3d_weight_memory_format": INTERNAL,
        "skip_init": "initialisation takes no time worth saving here",
    },
    "nn.utils.rnn": {"invert_permutation": "np.argsort"},
    "distributions": {
        **dict.fromkeys(
            [
                "Beta",
                "Binomial",
                "Cauchy",
                "Chi2",
                "ContinuousBernoulli",
                "Dirichlet",
                "Exponential",
                "FisherSnedecor",
                "Gamma",
                "GeneralizedPareto",
                "Geometric",
                "Gumbel",
                "HalfCauchy",
                "HalfNormal",
                "InverseGamma",
                "Kumaraswamy",
                "LKJCholesky",
                "Laplace",
                "LogNormal",
                "LogisticNormal",
                "LowRankMultivariateNormal",
                "Multinomial",
                "NegativeBinomial",
                "Pareto",
                "Poisson",
                "StudentT",
                "Uniform",
                "VonMises",
                "Weibull",
                "Wishart",
            ],
            "draws are methods of NumPy's generators; the four that networks use are here",
        ),
        **{
            f"{name}Transform": "a change of variables: write it, with the logarithm of its slope"
            for name in """
                Abs Affine Cat Compose CorrCholesky CumulativeDistribution Exp Independent
                LowerCholesky PositiveDefinite Power Reshape Sigmoid Softmax Softplus Stack
                StickBreaking Tanh
            """.split()
        },
        **dict.fromkeys(
            [
                "Transform",
                "TransformedDistribution",
                "biject_to",
                "identity_transform",
                "transform_to",
            ],
            "a change of variables: write it, with the logarithm of its slope",
        ),
        "ExponentialFamily": INTERNAL,
        "Independent": "Normal(...).log_prob(x).sum(axis=-1)",
        "MixtureSameFamily": "nn.functional.logsumexp of log weights and log densities",
        "OneHotCategorical": "nn.functional.one_hot of a draw from Categorical",
        "OneHotCategoricalStraightThrough": "nn.functional.gumbel_softmax(logits, hard=True)",
        "RelaxedBernoulli": "nn.functional.gumbel_softmax",
        "RelaxedOneHotCategorical": "nn.functional.gumbel_softmax",
        "register_kl": INTERNAL,
    },
    "optim": {
        "SparseAdam": "there are no sparse gradients here",
    },
    "optim.lr_scheduler": {},
}

#: Defaults that differ: ours, and why.
DIFFERENT: dict[str, tuple[object, str]] = {
    **{
        f"nn.{name}.axis": (-1, "PyTorch guesses an axis from how many there are, and warns")
        for name in ("LogSoftmax", "Softmax", "Softmin")
    },
    **{
        f"nn.functional.{name}.axis": (-1, "the same")
        for name in ("log_softmax", "softmax", "softmin")
    },
    "nn.functional.pad.value": (0.0, "PyTorch's None stands for 0"),
}

#: Where ours stands, if not in the module of the same name. (nn does not know optim.)
ELSEWHERE: dict[str, str] = {
    "nn.utils.clip_grad_norm_": "optim.clip_grad_norm_",
    "nn.utils.clip_grad_value_": "optim.clip_grad_value_",
    "nn.utils.parameters_to_vector": "nn.parameters_to_vector",
    "nn.utils.vector_to_parameters": "nn.vector_to_parameters",
    **{
        f"distributions.{name}": f"nn.distributions.{name}"
        for name in PYTORCH["distributions"]
        if name not in MISSING["distributions"]
    },
}
