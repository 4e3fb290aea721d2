using ClusterSession;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Mvc.Controllers;

/// <summary>A page that shows the session, and a form that changes it.</summary>
public sealed class HomeController : Controller
{
    /// <summary>Shows it. Not ReadOnly: TempData that is shown is used up.</summary>
    [HttpGet]
    public IActionResult Index() => View(model: HttpContext.Session.GetString("note") ?? "");

    /// <summary>Keeps a note, and a message for the next page.</summary>
    [HttpPost]
    public IActionResult Note(string note)
    {
        HttpContext.Session.SetString("note", note);
        TempData["message"] = $"Noted: {note}";
        return RedirectToAction(nameof(Index));
    }

    /// <summary>For those who confirmed that it is them, in this session.</summary>
    [HttpGet, Authorize, SessionAccess(SessionConcurrency.ReadOnly)]
    public IActionResult Secret() =>
        HttpContext.Session.GetInt32("confirmed") is 1
            ? Content("The secret.")
            : StatusCode(StatusCodes.Status403Forbidden);
}
