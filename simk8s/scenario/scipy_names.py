"""L1: the continuous distributions of scipy.stats and their shape parameters, without scipy.

Law: a test compares this list with the installed scipy; names that a newer scipy adds may be
missing here, none may be wrong.
"""

from __future__ import annotations

_LIST = """
alpha a; anglit; arcsine; argus chi; beta a b; betaprime a b; bradford c; burr c d; burr12 c d;
cauchy; chi df; chi2 df; cosine; crystalball beta m; dgamma a; dpareto_lognorm u s a b; dweibull
c; erlang a; expon; exponnorm K; exponpow b; exponweib a c; f dfn dfd; fatiguelife c; fisk c;
foldcauchy c; foldnorm c; gamma a; gausshyper a b c z; genexpon a b c; genextreme c; gengamma a
c; genhalflogistic c; genhyperbolic p a b; geninvgauss p b; genlogistic c; gennorm beta;
genpareto c; gibrat; gompertz c; gumbel_l; gumbel_r; halfcauchy; halfgennorm beta; halflogistic;
halfnorm; hypsecant; invgamma a; invgauss mu; invweibull c; irwinhall n; jf_skew_t a b;
johnsonsb a b; johnsonsu a b; kappa3 a; kappa4 h k; ksone n; kstwo n; kstwobign; landau;
laplace; laplace_asymmetric kappa; levy; levy_l; levy_stable alpha beta; loggamma c; logistic;
loglaplace c; lognorm s; loguniform a b; lomax c; maxwell; mielke k s; moyal; nakagami nu; ncf
dfn dfd nc; nct df nc; ncx2 df nc; norm; norminvgauss a b; pareto b; pearson3 skew; powerlaw a;
powerlognorm c s; powernorm c; rayleigh; rdist c; recipinvgauss mu; reciprocal a b;
rel_breitwigner rho; rice b; semicircular; skewcauchy a; skewnorm a; studentized_range k df; t
df; trapezoid c d; triang c; truncexpon b; truncnorm a b; truncpareto b c; truncweibull_min c a
b; tukeylambda lam; uniform; vonmises kappa; vonmises_line kappa; wald; weibull_max c;
weibull_min c; wrapcauchy c
"""

SHAPES: dict[str, tuple[str, ...]] = {
    words[0]: tuple(words[1:]) for words in (entry.split() for entry in _LIST.split(";"))
}
