# usage: Rscript crossed.R DIR
# Writes lme4's own data sets to DIR, fits every job of DIR/jobs.json and writes DIR/results.json.
# A job: name, csv, engine (glmer or lmer), formula, factors (columns made factors, with their levels), reml.
suppressMessages({library(lme4); library(lmerTest); library(glmmTMB); library(jsonlite)})
dir <- commandArgs(TRUE)[1]
write.csv(lme4::cbpp, file.path(dir, "cbpp.csv"), row.names = FALSE)
verb <- lme4::VerbAgg
verb$y <- as.integer(verb$r2 == "Y")
verb$x <- ifelse(verb$Gender == "M", 0.5, -0.5)
write.csv(verb[, c("y", "x", "Anger", "Gender", "btype", "situ", "id", "item")], file.path(dir, "verbagg.csv"), row.names = FALSE)
write.csv(lme4::Penicillin, file.path(dir, "penicillin.csv"), row.names = FALSE)
inst <- subset(lme4::InstEval, as.integer(as.character(dept)) %in% c(1, 5, 9) & as.integer(s) %% 2 == 0)
write.csv(inst[, c("y", "s", "d", "service", "dept")], file.path(dir, "insteval.csv"), row.names = FALSE)

fit_job <- function(job) {
  data <- read.csv(file.path(dir, job$csv), stringsAsFactors = FALSE)
  for (name in names(job$factors)) data[[name]] <- factor(data[[name]], levels = unlist(job$factors[[name]]))
  formula <- as.formula(job$formula)
  started <- proc.time()
  if (job$engine == "glmer") {
    model <- glmer(formula, data, family = binomial, nAGQ = 1,
      control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 2e5, rhoend = 1e-9)))
  } else {
    model <- if (is.null(job$weights))
      lmerTest::lmer(formula, data, REML = job$reml, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
    else {
      data$.w <- data[[job$weights]]
      lmerTest::lmer(formula, data, REML = job$reml, weights = .w,
        control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
    }
  }
  elapsed <- proc.time() - started
  table <- as.data.frame(VarCorr(model))
  groups <- table$grp != "Residual"
  result <- list(name = job$name, beta = unname(fixef(model)), se = unname(sqrt(diag(as.matrix(vcov(model))))),
    groups = table$grp[groups], sd = table$sdcor[groups], loglik = as.numeric(logLik(model)),
    singular = isSingular(model), cpu = elapsed[[1]] + elapsed[[2]])
  if (job$engine == "glmer") {
    # The same likelihood by another engine, whose Hessian is exact where lme4's is a finite difference.
    exact <- glmmTMB(formula, data, family = binomial)
    result$tmb_beta <- unname(fixef(exact)$cond)
    result$tmb_se <- unname(sqrt(diag(as.matrix(vcov(exact)$cond))))
    result$tmb_sd <- unname(unlist(lapply(VarCorr(exact)$cond, function(v) attr(v, "stddev"))))
    result$tmb_loglik <- as.numeric(logLik(exact))
    result$tmb_converged <- exact$fit$convergence == 0 && isTRUE(exact$sdr$pdHess)
  }
  if (job$engine == "lmer") {
    result$residual <- sigma(model)
    result$df <- unname(summary(model)$coefficients[, "df"])
  }
  result
}

jobs <- fromJSON(file.path(dir, "jobs.json"), simplifyVector = FALSE)
results <- suppressWarnings(suppressMessages(lapply(jobs, fit_job)))
write_json(results, file.path(dir, "results.json"), auto_unbox = FALSE, digits = 14)
