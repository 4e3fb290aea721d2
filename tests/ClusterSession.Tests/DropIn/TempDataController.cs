using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.Tests.DropIn;

/// <summary>Actions that use TempData in each way there is, with and without a body.</summary>
[Route("temp/[action]")]
public sealed class TempDataController : Controller
{
    public string Set(string value)
    {
        TempData["value"] = value;
        return "set";
    }

    public IActionResult SetAndRedirect(string value)
    {
        TempData["value"] = value;
        return RedirectToAction(nameof(Get));
    }

    public IActionResult SetAndAnswer(string value, int status)
    {
        TempData["value"] = value;
        return StatusCode(status);
    }

    public IActionResult SetAndStay(string value)
    {
        TempData["value"] = value;
        return new EmptyResult();
    }

    public string? Get() => TempData["value"] as string;

    public string? Peek() => TempData.Peek("value") as string;

    public string? Keep()
    {
        var value = TempData["value"] as string;
        TempData.Keep("value");
        return value;
    }

    public IActionResult GetAndRedirect()
    {
        _ = TempData["value"];
        return RedirectToAction(nameof(Get));
    }

    public IActionResult GetAndAnswer(int status)
    {
        _ = TempData["value"];
        return StatusCode(status);
    }

    /// <summary>Sets and reads in one request, as a view would.</summary>
    public string? Show(string value)
    {
        TempData["value"] = value;
        return TempData["value"] as string;
    }

    public string Unrelated() => "unrelated";

    public IActionResult SetMany(string value, int number, List<string> list, DateTime day, Guid guid)
    {
        TempData["value"] = value;
        TempData["number"] = number;
        TempData["list"] = list;
        TempData["day"] = day;
        TempData["guid"] = guid;
        return RedirectToAction(nameof(GetMany));
    }

    public string GetMany() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{TempData["value"]} {TempData["number"]} {((IList<string>)TempData["list"]!).Count} "
                + $"{(DateTime)TempData["day"]!:yyyy-MM-dd} {TempData["guid"]}"
        );

    public async Task SetAndWrite(string value)
    {
        TempData["value"] = value;
        await Response.WriteAsync("written");
    }

    public IActionResult SetInResult(string value) => new SettingResult(value);

    public string Fail(string value)
    {
        TempData["value"] = value;
        throw new ArithmeticException();
    }

    public string Apologize()
    {
        TempData["value"] = "Sorry";
        return "apology";
    }

    [Handle]
    public string FailHandled(string value) => Fail(value);

    [SetInExceptionFilter("content")]
    public string FailWithContent(string value) => throw new ArithmeticException(value);

    [SetInExceptionFilter("")]
    public string FailWithoutContent(string value) => throw new ArithmeticException(value);

    [SessionAccess(SessionConcurrency.ReadOnly)]
    public string? PeekReadOnly() => TempData.Peek("value") as string;

    [SessionAccess(SessionConcurrency.ReadOnly)]
    public string? GetReadOnly() => TempData["value"] as string;

    private sealed class SettingResult(string value) : ActionResult
    {
        public override Task ExecuteResultAsync(ActionContext context)
        {
            var factory = context.HttpContext.RequestServices.GetRequiredService<ITempDataDictionaryFactory>();
            factory.GetTempData(context.HttpContext)["value"] = value;
            return Task.CompletedTask;
        }
    }

    private sealed class HandleAttribute : ExceptionFilterAttribute
    {
        public override void OnException(ExceptionContext context)
        {
            context.ExceptionHandled = true;
            context.Result = new ContentResult { Content = "handled" };
        }
    }

    private sealed class SetInExceptionFilterAttribute(string content) : ExceptionFilterAttribute
    {
        public override void OnException(ExceptionContext context)
        {
            var factory = context.HttpContext.RequestServices.GetRequiredService<ITempDataDictionaryFactory>();
            factory.GetTempData(context.HttpContext)["value"] = context.Exception.Message;
            context.ExceptionHandled = true;
            context.Result = content.Length > 0 ? new ContentResult { Content = content } : new EmptyResult();
        }
    }
}
