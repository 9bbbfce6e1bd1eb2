//! `dualgn direction`: a direction for other programs, from files to a file.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::error::DirectionError;
use dualgn::{Error, GaussNewton, Linearization, Linearize, LossModel, Network, ParamVector, Solver};
use dualgn_io::npz::{self, Array, Values};
use dualgn_io::{Failure, files, memory};
use dualgn_networks::{
    Net, NetworkChoice, Tensors, Weights, entries, read_weights, torch, with_weights, write_weights,
};
use dualgn_train::problem::{NamedLoss, TargetTensor};
use dualgn_train::run::refuse_own;
use dualgn_train::{ModelName, ProxLinear, network_failure};

use crate::arguments::{Direction, SolverName};
use crate::terminal;

/// Computes a direction and writes it.
pub(super) fn direction(arguments: &Direction) -> Result<(), Failure> {
    refuse_own(&arguments.out)?;
    let is_known = arguments.out.extension().is_some_and(|ending| ending == "npz" || ending == "safetensors");
    if !is_known {
        return Err(Failure::input(format!("{} should end in .npz or .safetensors", arguments.out.display())));
    }
    let device = arguments.device.open()?;
    let limit = memory::limit(arguments.memory);
    let batch = &arguments.batch;
    let wrong = |problem: String| Failure::input(format!("{} {problem}", batch.display()));
    let mut arrays = npz::read(batch, limit).map_err(wrong)?;
    let mut take = |name: &str| {
        arrays.remove(name).filter(|array| !array.shape.is_empty() && !array.is_empty()).ok_or_else(|| {
            wrong(format!("should hold `x` and `y` with a row for each example, as `numpy.savez(.., x=.., y=..)` writes them; `{name}` is absent"))
        })
    };
    let (x, y) = (take("x")?, take("y")?);
    if x.shape[0] != y.shape[0] {
        return Err(wrong(format!("has {} rows in `x` and {} in `y`", x.shape[0], y.shape[0])));
    }
    let choice = NetworkChoice::File(arguments.network.clone());
    let description = choice.load()?;
    let classes = match &y.values {
        Values::Whole(classes) if y.shape.len() == 1 => classes.iter().copied().max().map(|last| last as usize + 1),
        _ => None,
    };
    let outputs =
        description.outputs.or((y.shape.len() == 2).then(|| y.shape[1])).or(classes.filter(|&count| count > 2));
    let outputs = outputs.unwrap_or(1);
    let net = Net::new(&description, &x.shape[1..], &[], outputs, &device.clone().autodiff());
    let net = net.map_err(|error| network_failure(Some(&choice), &error))?;
    let Weights { tensors, remark } = read_weights(&net, &arguments.weights)?;
    remark.into_iter().for_each(terminal::say);
    let is_double = tensors.values().any(|data| data.dtype() == DType::F64);
    let dtype = if is_double { DType::F64 } else { DType::F32 };
    let net = with_weights(net.map(&mut Cast(dtype)), tensors)?;
    Asked { arguments, net, x, y, outputs, dtype, device }.answer()
}

/// Parameters of another precision.
struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| {
            let requires = value.is_require_grad();
            Tensor::from_inner(value.without_autodiff().cast(self.0)).set_require_grad(requires)
        })
    }
}

/// What was asked for.
struct Asked<'a> {
    arguments: &'a Direction,
    net: Net,
    x: Array,
    y: Array,
    outputs: usize,
    dtype: DType,
    device: Device,
}

impl Asked<'_> {
    fn answer(&self) -> Result<(), Failure> {
        let Self { arguments, net, y, outputs, dtype, device, .. } = self;
        let inputs = self.inputs()?;
        let loss = NamedLoss::new(arguments.loss, arguments.quantile, *outputs);
        let targets = targets(&loss, y, *outputs, *dtype, device)
            .map_err(|problem| Failure::input(format!("{}, array `y`: {problem}", arguments.batch.display())))?;
        let network = Network::trace(net, Net::forward, inputs.dims())?;
        let oracle = self.oracle(loss)?;
        let linearization = network.linearization(net, inputs.clone(), None)?;
        let direction = oracle.direction(&network, net, inputs, targets);
        let direction = direction.map_err(|error| overflow(arguments, net, &error).unwrap_or_else(|| error.into()))?;
        let result = self.result(&linearization, &direction)?;
        write(&arguments.out, &result)?;
        terminal::print(format!(
            "loss {:.6e}  slope {:.6e}  norm {:.6e}  gap {:.3e}  {}, {} iterations\n{} tensors: {}",
            direction.loss,
            direction.slope,
            direction.norm,
            direction.gap,
            direction.route.name(),
            direction.iterations,
            result.len(),
            arguments.out.display()
        ))
    }

    /// The inputs on the device, all finite.
    fn inputs(&self) -> Result<Tensor<2>, Failure> {
        let Self { arguments, x, dtype, device, .. } = self;
        let numbers = x.numbers();
        check_finite(arguments, x, &numbers, *dtype)?;
        let features: usize = x.shape[1..].iter().product();
        Ok(Tensor::from_data(TensorData::new(numbers, [x.shape[0], features]), (device, *dtype)))
    }

    /// What computes the direction, if model and loss go together.
    fn oracle(&self, loss: NamedLoss) -> Result<GaussNewton<NamedLoss>, Failure> {
        let arguments = self.arguments;
        let (name, iterations) = (arguments.loss, arguments.iterations as usize);
        let model = arguments.model.unwrap_or(ModelName::default_for(name));
        let model = model.model(ProxLinear { gap: arguments.accuracy, iterations });
        if (model == LossModel::Quadratic && !name.has_curvature())
            || (model == LossModel::FastGaussNewton && !name.has_margin())
        {
            let text = format!("the model does not work with the loss {}", name.name());
            return Err(Failure::input(text).hint("`--model prox-linear` works with every loss"));
        }
        let solver = match arguments.solver {
            SolverName::Auto => Solver::Auto,
            SolverName::Cholesky => Solver::Cholesky,
            SolverName::Cg => Solver::ConjugateGradient { iterations, tolerance: arguments.accuracy },
        };
        let oracle = GaussNewton::new(loss).model(model).solver(solver).damping(arguments.damping);
        Ok(match arguments.memory {
            Some(mib) => oracle.memory((mib as usize) << 20),
            None => oracle,
        })
    }

    /// What is written: numbers, outputs, dual variables, the Gram matrix if it is asked for, and the direction.
    fn result(&self, linearization: &Linearization, direction: &dualgn::Direction) -> Result<Tensors, Failure> {
        let (examples, outputs) = (self.x.shape[0], self.outputs);
        let mut result = Tensors::new();
        let mut add = |name: &str, shape: &[usize], values: Vec<f64>| {
            result.insert(name.into(), TensorData::new(values, shape.to_vec()));
        };
        let scalars = [
            ("loss", direction.loss),
            ("slope", direction.slope),
            ("norm", direction.norm),
            ("damping", direction.damping),
            ("primal_value", direction.primal_value),
            ("dual_value", direction.dual_value),
            ("gap", direction.gap),
            ("predicted_decrease", direction.predicted_decrease),
            ("model_step", direction.model_step),
            ("iterations", direction.iterations as f64),
        ];
        for (name, value) in scalars {
            add(name, &[], vec![value]);
        }
        add("outputs", &[examples, outputs], entries(linearization.outputs())?);
        add("dual", &[examples, direction.dual().dims()[1]], entries(direction.dual())?);
        if self.arguments.gram {
            let rows = examples * outputs;
            add("K", &[rows, rows], entries(linearization.gram()?)?);
        }
        let vector = torch::arranged(&self.net, tensors(&direction.vector())?);
        result.extend(vector.into_iter().map(|(name, data)| (format!("direction.{name}"), data)));
        Ok(result)
    }
}

/// The refusal of a batch with numbers that are not finite in the type that all is computed in.
fn check_finite(arguments: &Direction, x: &Array, numbers: &[f64], dtype: DType) -> Result<(), Failure> {
    let is_single = dtype == DType::F32;
    let Some(index) =
        numbers.iter().position(|&number| !number.is_finite() || (is_single && !(number as f32).is_finite()))
    else {
        return Ok(());
    };
    let (file, place, found) = (arguments.batch.display(), x.place(index), numbers[index]);
    let (reason, hint) = if found.is_finite() {
        ("too large for single precision", "weights in double precision (F64) have all computed in it")
    } else {
        ("no finite number", "leave the example out, or put a number in its place")
    };
    Err(Failure::input(format!("{file}: `x{place}` is {found:e}, which is {reason}")).hint(hint))
}

/// The error of a network whose outputs overflow, by the names of the file of weights.
fn overflow(arguments: &Direction, net: &Net, error: &Error) -> Option<Failure> {
    let Error::Direction(DirectionError::OutputNotFinite { example, output, value, path, largest }) = error else {
        return None;
    };
    let name = torch::name_of(net, path).unwrap_or_else(|| path.clone());
    let text = format!(
        "the network overflows: of row {example} of `x`, output {output} is {value} (counted from 0); the largest weight in {} is \
         {largest:e}, in `{name}`",
        arguments.weights.display()
    );
    Some(Failure::input(text).hint("check the weights, and how the inputs are scaled"))
}

/// The targets of a loss, from an array; or what is wrong with it.
fn targets(loss: &NamedLoss, y: &Array, outputs: usize, dtype: DType, device: &Device) -> Result<TargetTensor, String> {
    let (examples, numbers) = (y.shape[0], y.numbers());
    if loss.takes_classes() {
        let classes: Vec<i64> = numbers.iter().map(|&number| number as i64).collect();
        let fits = |class: i64, number: f64| class as f64 == number && (0..outputs as i64).contains(&class);
        let wanted = format!("should hold a class from 0 to {} for each example", outputs - 1);
        if y.len() != examples {
            return Err(format!("{wanted}, found the shape {:?}", y.shape));
        }
        if let Some(bad) = (0..examples).find(|&index| !fits(classes[index], numbers[index])) {
            return Err(format!("{wanted}, and `y{}` is {}", y.place(bad), numbers[bad]));
        }
        return Ok(TargetTensor::Classes(Tensor::from_data(TensorData::from(classes.as_slice()), device)));
    }
    let wanted = format!("should hold {outputs} finite numbers for each example");
    if y.len() != examples * outputs {
        return Err(format!("{wanted}, found the shape {:?}", y.shape));
    }
    if let Some(bad) = numbers.iter().position(|number| !number.is_finite()) {
        return Err(format!("{wanted}, and `y{}` is {}", y.place(bad), numbers[bad]));
    }
    let data = TensorData::new(numbers, [examples, outputs]);
    Ok(TargetTensor::Numbers(Tensor::from_data(data, (device, dtype))))
}

/// The blocks of a vector by their names.
fn tensors(vector: &ParamVector) -> Result<Tensors, Failure> {
    let entries = vector.to_vec().map_err(|error| Failure::run(error.to_string()))?;
    let mut rest = entries.as_slice();
    let block = |(name, shape): (&str, &[usize])| {
        let (block, after) = rest.split_at(shape.iter().product());
        rest = after;
        (name.to_owned(), TensorData::new(block.to_vec(), shape.to_vec()))
    };
    Ok(vector.parameters().map(block).collect())
}

fn write(path: &Path, tensors: &Tensors) -> Result<(), Failure> {
    if path.extension().is_some_and(|ending| ending == "safetensors") {
        return write_weights(path, tensors, None);
    }
    let arrays: BTreeMap<&str, Array> = tensors
        .iter()
        .map(|(name, data)| (name.as_str(), Array::float64(&data.shape().to_vec(), data.iter::<f64>().collect())))
        .collect();
    let bytes = npz::to_bytes(arrays.iter().map(|(name, array)| (*name, array)));
    files::replace(path, &bytes.map_err(|error| Failure::run(error.to_string()))?)
}
